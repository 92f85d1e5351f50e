"""What can be wrong with a book, a set of levels or a candle, and who must act."""

from __future__ import annotations

from apps.core.domain.errors import InputInvalid, NotFound, VenueFailed, gettext_noop


class BookUnusable(VenueFailed):
    """A book that must not be traded on. Nothing was sent; a later book may be fine."""

    status = 503
    retryable = True
    reason = "unusable"  # short and stable: tables and decision logs show it


class BookAwaited(BookUnusable):
    code = "VEN-0701"
    reason = "awaited"
    template = gettext_noop("{venue} has not sent a full order book for {symbol} yet.")


class BookGapped(BookUnusable):
    code = "VEN-0702"
    reason = "gap"
    template = gettext_noop(
        "Updates of the {symbol} book of {venue} are missing. It is unusable until a new snapshot."
    )


class BookStale(BookUnusable):
    code = "VEN-0703"
    reason = "stale"
    template = gettext_noop("The {symbol} book of {venue} is {age} s old, more than {max_age} s.")


class BookCrossed(BookUnusable):
    code = "VEN-0704"
    reason = "crossed"
    template = gettext_noop("The {symbol} book of {venue} is crossed: its bid is above its ask.")


class BookOneSided(BookUnusable):
    code = "VEN-0705"
    reason = "one-sided"
    template = gettext_noop("The {symbol} book of {venue} has no orders on one side.")


class ChecksumMismatch(BookUnusable):
    code = "VEN-0706"
    reason = "checksum"
    template = gettext_noop(
        "The {symbol} book of {venue} does not have the checksum the venue sent."
    )


class BookUnwatched(BookUnusable):
    code = "VEN-0707"
    reason = "awaited"
    template = gettext_noop("The {symbol} book of {venue} is not being followed.")


class LevelsInvalid(InputInvalid):
    code = "VAL-0701"
    template = gettext_noop("These order book levels cannot be used: {problem}.")


class DepthTooThin(InputInvalid):
    code = "VAL-0702"
    template = gettext_noop("The books do not hold one tradable step of size.")


class TradeOutOfOrder(InputInvalid):
    code = "VAL-0703"
    template = gettext_noop("A trade of {at} belongs to a candle that is already closed.")


class IntervalUnknown(InputInvalid):
    code = "VAL-0704"
    template = gettext_noop("{interval} candles cannot be made of {source} candles.")


class InstrumentMissing(NotFound):
    code = "NFD-0701"
    template = gettext_noop("{venue} lists no {symbol}.")


class PairMissing(NotFound):
    code = "NFD-0702"
    template = gettext_noop("No venue that we know lists {symbol}.")
