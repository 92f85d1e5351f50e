"""The one translation table: which answers of ccxt prove that nothing happened.

Exact classes only. ccxt counts DuplicateOrderId and OrderNotFound as InvalidOrders, and the first
proves the opposite of a refusal. What is not listed is unknown for a command, and unavailable for
a question. Errors that leave here carry no text of ccxt: it holds signed addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, localcontext
from typing import NoReturn

import requests

from apps.core.domain.errors import CryonelError
from apps.venues.adapters._loader import ccxt_errors
from apps.venues.domain.errors import (
    BalanceTooLow,
    CapabilityMissing,
    ClockSkewed,
    KeyCannotTrade,
    KeyRefused,
    QuantityTooSmall,
    RefusalReason,
    SymbolUnknown,
    VenueOutcomeUnknown,
    VenueRateLimited,
    VenueRejected,
    VenueUnavailable,
)

EXACT = Context(prec=80)  # ccxt changes its thread's context; it gets one of its own

PLACE_REFUSED = {
    "InsufficientFunds": RefusalReason.INSUFFICIENT_FUNDS,
    "BadSymbol": RefusalReason.SYMBOL_UNKNOWN,
    "InvalidOrder": RefusalReason.INVALID_ORDER,
    "OrderNotFillable": RefusalReason.NOT_FILLABLE,
    "OrderImmediatelyFillable": RefusalReason.NOT_FILLABLE,
    "AuthenticationError": RefusalReason.KEY_REFUSED,
    "AccountSuspended": RefusalReason.KEY_CANNOT_TRADE,
    "PermissionDenied": RefusalReason.KEY_CANNOT_TRADE,
    "AccountNotEnabled": RefusalReason.KEY_CANNOT_TRADE,
    "InvalidNonce": RefusalReason.CLOCK_SKEWED,
    "MarketClosed": RefusalReason.MARKET_CLOSED,
}
CANCEL_REFUSED = {
    "OrderNotFound": RefusalReason.ORDER_MISSING,
    "InvalidOrder": RefusalReason.ORDER_MISSING,
    "AuthenticationError": RefusalReason.KEY_REFUSED,
    "PermissionDenied": RefusalReason.KEY_CANNOT_TRADE,
    "InvalidNonce": RefusalReason.CLOCK_SKEWED,
    "BadSymbol": RefusalReason.SYMBOL_UNKNOWN,
}
TOO_SMALL = re.compile(
    r"\bmin(imum)?|below.min|too small|too low|notional|less than|lower limit|at least|lower than",
    re.IGNORECASE,
)
TWICE = re.compile(  # ccxt files many of these under InvalidOrder or BadRequest
    r"duplicat|(client|cl_?ord|[co]id|text|identifier)\W?.{0,40}(already|(?<!not[ _])exist|unique)",
    re.IGNORECASE,
)
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
    requests.RequestException,
)  # what ccxt's parsers raise on an answer that is not of the documented shape


class Cause(Exception):
    """What ccxt said, by its class alone."""


def caught() -> tuple[type[BaseException], ...]:
    return (ccxt_errors().BaseError, *UNREADABLE)


def is_duplicate(problem: BaseException) -> bool:
    """An earlier attempt with this id arrived: the opposite of a refusal."""
    kinds = ("DuplicateOrderId", "InvalidOrder", "BadRequest", "ExchangeError")
    if type(problem).__name__ not in kinds:
        return False
    return type(problem).__name__ == kinds[0] or bool(TWICE.search(str(problem)))


def is_absence(problem: BaseException, texts: tuple[str, ...]) -> bool:
    """The venue says that there is no such order."""
    if type(problem).__name__ == "OrderNotFound":
        return True
    known = isinstance(problem, ccxt_errors().ExchangeError)
    return known and any(text in str(problem) for text in texts)


def refusal_of(
    problem: BaseException,
    table: Mapping[str, RefusalReason],
    texts: Mapping[str, RefusalReason],
) -> RefusalReason | None:
    """None: this proves nothing. Only the exact class counts, or a text that a venue documents."""
    if type(problem).__module__ != ccxt_errors().__name__:
        return None
    if isinstance(problem, ccxt_errors().ExchangeError):
        for text, documented in texts.items():
            if text in str(problem):
                return documented
    reason = table.get(type(problem).__name__)
    if reason is RefusalReason.INVALID_ORDER and TOO_SMALL.search(str(problem)):
        return RefusalReason.BELOW_MINIMUM
    return reason


def rejected(venue: str, reason: RefusalReason, *, asset: str, symbol: str) -> VenueRejected:
    return VenueRejected(
        venue=venue, reason=reason, problem=explained(reason, venue, asset=asset, symbol=symbol)
    )


def explained(
    reason: RefusalReason, venue: str, *, asset: str = "", symbol: str = "", minimum: str = "?"
) -> CryonelError | None:
    """The coded error that tells a user what to do about a refusal."""
    match reason:
        case RefusalReason.INSUFFICIENT_FUNDS:
            return BalanceTooLow(asset=asset, venue=venue)
        case RefusalReason.SYMBOL_UNKNOWN:
            return SymbolUnknown(venue=venue, symbol=symbol)
        case RefusalReason.BELOW_MINIMUM:
            return QuantityTooSmall(venue=venue, minimum=minimum, symbol=symbol)
        case RefusalReason.KEY_REFUSED:
            return KeyRefused(venue=venue)
        case RefusalReason.KEY_CANNOT_TRADE:
            return KeyCannotTrade(venue=venue)
        case RefusalReason.CLOCK_SKEWED:
            return ClockSkewed(venue=venue, seconds="?")
    return None


def unanswered(problem: BaseException, venue: str, symbol: str = "") -> CryonelError:
    """What a question's failure means. Nothing was changed, so nothing is unknown."""
    if isinstance(problem, CryonelError):
        return problem
    errors = ccxt_errors()
    table: list[tuple[type[BaseException], CryonelError]] = [
        (errors.AuthenticationError, KeyRefused(venue=venue)),
        (errors.InvalidNonce, ClockSkewed(venue=venue, seconds="?")),
        (errors.RateLimitExceeded, VenueRateLimited(venue=venue)),
        (errors.DDoSProtection, VenueRateLimited(venue=venue)),
        (errors.BadSymbol, SymbolUnknown(venue=venue, symbol=symbol)),
        (errors.NotSupported, CapabilityMissing(venue=venue, need=type(problem).__name__)),
    ]
    for kind, meaning in table:
        if isinstance(problem, kind):
            return meaning
    return VenueUnavailable(venue=venue)


@contextmanager
def asking(venue: str, symbol: str = "") -> Iterator[None]:
    """A question: raises KeyRefused, ClockSkewed, VenueRateLimited, SymbolUnknown,
    CapabilityMissing or VenueUnavailable."""
    problem = None
    with localcontext(EXACT):
        try:
            yield
        except caught() as e:
            problem = e
    if problem is not None:
        raise_clean(unanswered(problem, venue, symbol), problem)


def unknown(venue: str, problem: BaseException) -> NoReturn:
    raise_clean(VenueOutcomeUnknown(venue=venue), problem)


def raise_clean(error: CryonelError, problem: BaseException) -> NoReturn:
    """Raise with a cause that names a class and holds no text: texts of ccxt carry signatures."""
    error.__context__ = None
    raise error from Cause(type(problem).__name__)
