"""Why a bot did or did not trade: a code and its numbers. Sentences are made at the edge.

`TEXTS` holds one translatable sentence per code; params are strings ready to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from string import Formatter

from apps.core.domain.errors import Phrase, gettext_noop
from apps.core.domain.money import plain
from apps.trading.domain.kill_texts import RULES

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
    "NOT_REDUCING": gettext_noop(
        "refused: buying {quantity} reduces nothing, {short} are sold short"
    ),
    "PRICES_STALE": gettext_noop("refused: the prices are {age} s old, more than {max} s"),
    "SECOND_PRICE_UNKNOWN": gettext_noop(
        "refused: no other market's price of {symbol} is known to compare with"
    ),
    "SECOND_PRICE_NONE": gettext_noop(
        "allowed without a second price: no other exchange here lists {symbol}"
    ),
    "PRICE_APART": gettext_noop(
        "refused: the price is {apart} worse than other markets', more than {max}"
    ),
    "SLIPPAGE_TOO_HIGH": gettext_noop(
        "refused: it may trade {slippage} from the best price, more than {max}"
    ),
    "SLIPPAGE_UNFORESEEN": gettext_noop(
        "allowed without a forecast of its slippage: the book's depth was not looked at"
    ),
    "LEVERAGE_TOO_HIGH": gettext_noop("refused: leverage {leverage} is above {max}"),
    "LIQUIDATION_NEAR": gettext_noop(
        "refused: liquidation is {distance} away, at least {max} are needed"
    ),
    "CAP_OPEN_ORDERS": gettext_noop("refused: {open} orders would be open, at most {max} may be"),
    "CAP_PER_MINUTE": gettext_noop("refused: {count} orders in a minute, at most {max} may be"),
    "CAP_POSITIONS": gettext_noop("refused: {count} positions would stand, at most {max} may"),
    "POSITION_TOO_LARGE": gettext_noop(
        "refused: the position in {asset} would be worth {value}, at most {max} may be held"
    ),
    "EXPOSURE_TOO_HIGH": gettext_noop(
        "refused: positions and open orders would be worth {exposure}, at most {max} may be"
    ),
    "CAP_DRAWDOWN": gettext_noop(
        "refused: results are {loss} below their highest point, the limit is {max}"
    ),
    "CAP_LOSS_STREAK": gettext_noop("refused: {count} losing trades in a row, the limit is {max}"),
    "ERROR_BURST": gettext_noop(
        "refused: {max} orders failed within 10 minutes, trading goes on in {seconds} s"
    ),
    "UNALIGNED": gettext_noop(
        "refused: our books and the venue's were not found to agree ({status})"
    ),
    "LIVE_LOCKED": gettext_noop("refused: real money is locked for this {what}"),
    "BOT_NOT_RUNNING": gettext_noop("refused: the bot is not running"),
    "FENCED": gettext_noop("refused: another engine runs this bot"),
    "NOTIONAL_TOO_HIGH": gettext_noop("refused: {notional} is above the limit {max} per trade"),
    "NOTIONAL_TOO_LOW": gettext_noop("refused: {notional} is under the venue's minimum {min}"),
    "CAPITAL_TAKEN": gettext_noop(
        "refused: {needed} {asset} needed, {free} free after reservations"
    ),
    "CAPITAL_CAP": gettext_noop(
        "refused: {needed} {asset} needed, {left} of the bot's own capital are left there"
    ),
    "UNKNOWN_STATE": gettext_noop("refused: {what} is not known, and unknown is not safe"),
    "PAIR_PAUSED": gettext_noop(
        "waiting: {symbol} is paused until {until} after {count} failed trades within an hour"
    ),
    "CHURN": gettext_noop("refused: {count} failed trades of {symbol} in the last hour"),
    "LEGS_UNEQUAL": gettext_noop("refused: the legs do not belong together"),
    "COMPARING": gettext_noop("waiting until orders and balances are compared with {venue}"),
    "UNALIGNED_WITH": gettext_noop(
        "waiting: orders or balances do not agree with {venue}; the connection says what to do"
    ),
    "RESTARTING": gettext_noop(
        "waiting: after an unclean end the bot first does what its owner chose for restarts"
    ),
    "CONNECTION_UNFIT": gettext_noop("refused: a connection is paused or removed"),
}


TEXTS |= {f"RULE_{code}": text for code, text in RULES.items()}  # an automatic stop fired


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


def phrase_of(code: str, params: Mapping[str, str]) -> Phrase:
    """The sentence as a part of an error's: the edge translates it with the words in it."""
    template = TEXTS.get(code, code)
    names = [name for _text, name, _spec, _kind in Formatter().parse(template) if name]
    return Phrase(template, **{name: _worded(params).get(name, "?") for name in names})


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(template: str, params: Mapping[str, str]) -> str:
    """A text with its words in it; `what`, which is ours, may name others of them."""
    return template.format_map(_Gaps(_worded(params)))


def _worded(params: Mapping[str, str]) -> dict[str, str]:
    what, asset = params.get("what", ""), params.get("asset", "?")
    named = Phrase(what, asset=asset) if "{asset}" in what else what
    return {**params, "what": named} if what else dict(params)
