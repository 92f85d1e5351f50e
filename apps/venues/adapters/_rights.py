"""Reading what venues say about keys. Absent is None: unknown never counts as harmless."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from apps.venues.adapters._parsing import decimal
from apps.venues.domain.ports import KeyRights, RightsProof

YES, NO = {"true", "1", "yes"}, {"false", "0", "no"}


def flag(value: Any) -> bool | None:
    """A venue's yes or no; anything else is not known."""
    text = str(value).lower()
    return True if text in YES else False if text in NO else None


def either(*flags: bool | None) -> bool | None:
    """True where one is; False only where all are known to be."""
    if any(flags):
        return True
    return None if None in flags or not flags else False


def expiry(milliseconds: Any) -> datetime | None:
    """0, -1 and absence mean that the key does not end."""
    number = decimal(milliseconds)
    return datetime.fromtimestamp(float(number) / 1000, UTC) if number and number > 0 else None


def addresses(told: Any) -> tuple[str, ...]:
    """An allow-list as text with commas or as a list; 0.0.0.0 and * are no restriction."""
    rows = told.split(",") if isinstance(told, str) else told or ()
    names = (str(row).strip() for row in rows)
    return tuple(name for name in names if name and name not in {"*", "0.0.0.0", "0.0.0.0/0"})  # noqa: S104


def from_scopes(
    scopes: Iterable[str],
    *,
    read: set[str],
    trade: set[str],
    withdraw: set[str],
    others: set[str] | None = None,
    ips: tuple[str, ...] | None = None,
    expires_at: datetime | None = None,
) -> KeyRights:
    """For venues that list every right a key has: what is not listed, it does not have.

    others: the documented words that mean none of the three. With it a word that the venue's
    documentation does not know leaves open whether the key can withdraw.
    """
    named = {str(scope) for scope in scopes}
    strange = set() if others is None else named - read - trade - withdraw - others
    return KeyRights(
        proof=RightsProof.PROBE,
        can_read=bool(named & read),
        can_trade=bool(named & trade),
        can_withdraw=True if named & withdraw else None if strange else False,
        ip_restricted=None if ips is None else bool(ips),
        ip_allow_list=ips or (),
        expires_at=expires_at,
        raw_scopes=tuple(sorted(named)),
    )


def iso_instant(text: Any) -> datetime | None:
    """2026-12-01T00:00:00Z; the year 1 is how some say that there is no end."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.year > 1970 and found.tzinfo else None
