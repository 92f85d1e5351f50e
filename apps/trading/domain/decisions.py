"""Why a bot did or did not trade: a code and its numbers. Sentences are made at the edge.

`TEXTS` holds one translatable sentence per code; params are strings ready to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import plain

TEXTS: dict[str, str] = {
    "BELOW_THRESHOLD": gettext_noop(
        "skipped {symbol}: net {net} % from {buy} to {sell} is below the threshold {threshold} %"
    ),
    "BOOK_AWAITED": gettext_noop("skipped {symbol}: no order book from {venue} yet"),
    "BOOK_STALE": gettext_noop(
        "skipped {symbol}: the book of {venue} is {age} s old, more than {max_age} s"
    ),
    "BOOK_UNUSABLE": gettext_noop("skipped {symbol}: the books cannot be used ({problem})"),
    "INSTRUMENT_UNKNOWN": gettext_noop("skipped {symbol}: {venue} does not list it"),
    "FEES_UNKNOWN": gettext_noop(
        "skipped {symbol}: the account's fees at {venue} are not known yet"
    ),
    "BALANCE_UNKNOWN": gettext_noop("skipped {symbol}: the balances at {venue} are not known yet"),
    "BALANCE_TOO_LOW": gettext_noop("skipped {symbol}: not enough free {asset} at {venue}"),
    "SIZE_TOO_SMALL": gettext_noop(
        "skipped {symbol}: the tradable size {size} is under a venue's minimum"
    ),
    "CAP_OPEN_PLANS": gettext_noop("waiting: {open} of {max} trades are open"),
    "CAP_PER_HOUR": gettext_noop("waiting: {count} of {max} trades in the last hour"),
    "CAP_PER_DAY": gettext_noop("waiting: {count} of {max} trades in the last 24 hours"),
    "CAP_DAILY_LOSS": gettext_noop("waiting: the last 24 hours lost {loss}, the limit is {max}"),
    "COOLDOWN": gettext_noop("waiting: cooling down for {seconds} s"),
    "PLAN_PROPOSED": gettext_noop(
        "trading {symbol}: {quantity} from {buy} to {sell}, expected net {net} %"
    ),
    "HALTED": gettext_noop("refused: trading is halted"),
    "REDUCING": gettext_noop("refused: only what brings exposure down goes out at the moment"),
    "BOT_NOT_RUNNING": gettext_noop("refused: the bot is not running"),
    "FENCED": gettext_noop("refused: another engine runs this bot"),
    "NOTIONAL_TOO_HIGH": gettext_noop("refused: {notional} is above the limit {max} per trade"),
    "NOTIONAL_TOO_LOW": gettext_noop("refused: {notional} is under the venue's minimum {min}"),
    "CAPITAL_TAKEN": gettext_noop(
        "refused: {needed} {asset} needed, {free} free after reservations"
    ),
    "UNKNOWN_STATE": gettext_noop("refused: {what} is not known, and unknown is not safe"),
    "CHURN": gettext_noop("refused: {count} failed trades of {symbol} in the last hour"),
    "LEGS_UNEQUAL": gettext_noop("refused: the legs do not belong together"),
    "CONNECTION_UNFIT": gettext_noop("refused: a connection is paused or removed"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One reason. `best` is the figure worth keeping when repeats are folded (higher is better)."""

    code: str
    symbol: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    best: Decimal | None = None


def percent(fraction: Decimal, places: int = 3) -> str:
    """A fraction as text in percent: 0.0008 is "0.08"."""
    return plain(round(fraction * 100, places))


def text_of(code: str, params: Mapping[str, str]) -> str:
    """The English sentence; edges translate TEXTS[code] first."""
    return sentence(TEXTS.get(code, code), params)


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(template: str, params: Mapping[str, str]) -> str:
    return template.format_map(_Gaps(params))
