"""The control address of the practice venue: open, top up, reset and revoke paper accounts.

Blocking, with a timeout; call it outside transactions. Answers are ours to trust only as far as
they are checked: a wrong shape is VenueUnavailable. The bearer token is in no error and no log.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from http.client import HTTPException
from typing import Any

from django.conf import settings

from apps.venues.domain.connections import PracticeInstance
from apps.venues.domain.errors import PracticeRefused, VenueUnavailable, VenueUnknown

TIMEOUT = 5.0  # seconds
LABEL = "The practice venue"
PREFIX = "practice."
CODE = re.compile(r"practice\.([a-z][a-z0-9_]{0,31})")


@dataclass(frozen=True, slots=True)
class PaperAccount:
    account_id: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


def instance_list() -> list[PracticeInstance]:
    """The running instances; [] where no practice venue is configured. Raises VenueUnavailable."""
    if not settings.PRACTICE_URL:
        return []
    told = _asked("GET", "/instances")
    try:
        return [
            PracticeInstance(
                code=f"{PREFIX}{row['code']}",
                label=str(row["label"]),
                source=str(row["source"]),
                simulated=bool(row.get("simulated", row["source"] == "simulated")),
                symbols=tuple(row["symbols"]),
                maker_fee=_fee(row.get("maker_fee")),
                taker_fee=_fee(row.get("taker_fee")),
            )
            for row in told["instances"]
        ]
    except (KeyError, TypeError) as e:
        raise VenueUnavailable(venue=LABEL) from e


def _fee(told: object) -> Decimal | None:
    try:
        return None if told is None else Decimal(str(told))
    except InvalidOperation:
        return None


def account_open(
    venue: str, *, ref: str, label: str, balances: Mapping[str, Decimal]
) -> PaperAccount:
    """A paper account, or the one opened before under the same `ref`. Raises PracticeRefused."""
    body = {"ref": ref, "label": label, "balances": _texts(balances)}
    made = _asked("POST", f"/control/{_instance(venue)}/accounts", body)
    try:
        return PaperAccount(str(made["account_id"]), str(made["key"]), str(made["secret"]))
    except (KeyError, TypeError) as e:
        raise VenueUnavailable(venue=LABEL) from e


def account_deposit(venue: str, account_id: str, balances: Mapping[str, Decimal]) -> None:
    _asked("POST", f"{_account(venue, account_id)}/deposit", {"balances": _texts(balances)})


def account_reset(venue: str, account_id: str, balances: Mapping[str, Decimal]) -> None:
    """Cancel its open orders and set exactly these balances."""
    _asked("POST", f"{_account(venue, account_id)}/reset", {"balances": _texts(balances)})


def account_revoke(venue: str, account_id: str) -> None:
    _asked("POST", f"{_account(venue, account_id)}/revoke", {})


def is_practice(venue: str) -> bool:
    return venue.startswith(PREFIX)


def instance_url(venue: str) -> str:
    """Where this instance speaks its dialect. Raises VenueUnknown."""
    return f"{base_url()}/{_instance(venue)}"


def base_url() -> str:
    return str(settings.PRACTICE_URL).rstrip("/")


def _instance(venue: str) -> str:
    found = CODE.fullmatch(venue)
    if found is None:
        raise VenueUnknown(venue=venue[:60])
    return found[1]


def _account(venue: str, account_id: str) -> str:
    if not account_id.isdecimal():
        raise VenueUnknown(venue=venue)
    return f"/control/{_instance(venue)}/accounts/{account_id}"


def _texts(balances: Mapping[str, Decimal]) -> dict[str, str]:
    return {asset: f"{amount:f}" for asset, amount in balances.items()}


def _asked(method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    if not settings.PRACTICE_URL:
        raise VenueUnavailable(venue=LABEL)
    request = urllib.request.Request(  # noqa: S310 the operator's own address
        base_url() + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {settings.PRACTICE_TOKEN}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as e:
        raise _refusal(e) from e
    except (OSError, HTTPException, ValueError) as e:
        raise VenueUnavailable(venue=LABEL) from e


def _refusal(answer: urllib.error.HTTPError) -> PracticeRefused | VenueUnavailable:
    """422, 404 and 409 are a clear no with a sentence; anything else is our own trouble."""
    if answer.code not in {404, 409, 422}:
        return VenueUnavailable(venue=LABEL)
    try:
        problem = str(json.load(answer)["error"])[:200]
    except (ValueError, KeyError, TypeError, OSError):
        problem = f"HTTP {answer.code}"
    return PracticeRefused(problem=problem)
