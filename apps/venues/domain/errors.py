"""What can go wrong with a venue or a key. Each says what to do."""

from __future__ import annotations

from enum import StrEnum

from apps.core.domain.errors import (
    Conflict,
    CryonelError,
    InputInvalid,
    NotAllowed,
    NotFound,
    VenueFailed,
    gettext_noop,
)


class RefusalReason(StrEnum):
    """Why a venue refused, in our words; `REFUSAL_ERRORS` holds the sentence for a user."""

    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    SYMBOL_UNKNOWN = "SYMBOL_UNKNOWN"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    OFF_STEP = "OFF_STEP"
    KEY_REFUSED = "KEY_REFUSED"
    KEY_CANNOT_TRADE = "KEY_CANNOT_TRADE"
    CLOCK_SKEWED = "CLOCK_SKEWED"
    NOT_FILLABLE = "NOT_FILLABLE"  # FOK without a counterpart, or post-only that would take
    TRIGGERS_NOW = "TRIGGERS_NOW"  # the price that a stop waits for is there already
    MARKET_CLOSED = "MARKET_CLOSED"
    ORDER_MISSING = "ORDER_MISSING"  # cancel: the venue knows no such order
    INVALID_ORDER = "INVALID_ORDER"  # anything else it positively refused


class VenueRejected(VenueFailed):
    """A positive refusal: nothing happened at the venue. `reason` is a RefusalReason.

    `problem`, where there is one, is the coded error that says it in a sentence.
    """

    code = "VEN-0101"
    status = 422
    template = gettext_noop("{venue} refused: {reason}.")

    def __init__(
        self, *, venue: str, reason: RefusalReason | str, problem: CryonelError | None = None
    ) -> None:
        self.reason = RefusalReason(reason)
        self.problem = problem
        details = {"reason": self.reason.value}
        if problem is not None:
            details |= {"code": problem.code, "message": str(problem)}
        super().__init__(venue=venue, reason=self.reason.value, details=details)

    @property
    def reached(self) -> bool:
        return self.reason is RefusalReason.TRIGGERS_NOW


class VenueUnavailable(VenueFailed):
    """Not sent: the circuit is open, the limit is used up, or there was no connection."""

    code = "VEN-0102"
    status = 503
    retryable = True
    template = gettext_noop("{venue} cannot be reached right now. It is tried again by itself.")


class OrderTooLate(VenueUnavailable):
    """Not sent: the order's moment to leave had passed before a client was ready."""


class VenueOutcomeUnknown(VenueFailed):
    """Sent, no usable answer: only a probe decides. Never resend."""

    code = "VEN-0103"
    status = 504
    outcome_known = False
    template = gettext_noop("{venue} did not answer. We are asking it what became of the order.")


class VenueRateLimited(VenueFailed):
    code = "VEN-0104"
    status = 503
    retryable = True
    template = gettext_noop("{venue} asks us to slow down. We wait and try again.")


class ClockSkewed(VenueFailed):
    code = "VEN-0105"
    status = 422
    template = gettext_noop(
        "This server's clock differs from {venue}'s by {seconds} s. Correct the clock (NTP)."
    )


class NonceUnavailable(VenueFailed):
    """Not sent: the store that numbers a key's requests does not answer."""

    code = "VEN-0107"
    status = 503
    retryable = True
    template = gettext_noop(
        "Nothing was sent to {venue}: requests cannot be numbered right now. It is tried again."
    )


class KeyRefused(VenueFailed):
    code = "VEN-0106"
    status = 422
    template = gettext_noop(
        "{venue} does not accept this key. "
        "Check it, its secret and its IP allow-list, or make a new one."
    )


class KeyCanWithdraw(NotAllowed):
    code = "PRM-0101"
    template = gettext_noop(
        "This key can withdraw money. CRYONEL refuses it for trading: "
        "switch withdrawals off at {venue}."
    )


class KeyRightsUnproven(NotAllowed):
    code = "PRM-0102"
    template = gettext_noop(
        "{venue} cannot prove what this key may do, so it is used for viewing only."
    )


class KeyCannotTrade(NotAllowed):
    code = "PRM-0103"
    template = gettext_noop("This key may not trade. Allow spot trading for it at {venue}.")


class ConnectionViewOnly(NotAllowed):
    code = "PRM-0104"
    template = gettext_noop("This connection is for viewing only.")


class CredentialMissing(InputInvalid):
    code = "VAL-0101"
    template = gettext_noop("{venue} needs these fields: {fields}.")


class SymbolUnknown(InputInvalid):
    code = "VAL-0102"
    template = gettext_noop("{venue} does not trade {symbol}.")


class QuantityTooSmall(InputInvalid):
    code = "VAL-0103"
    template = gettext_noop("{venue} takes at least {minimum} for {symbol}.")


class BalanceTooLow(InputInvalid):
    code = "VAL-0104"
    template = gettext_noop("There is not enough {asset} at {venue}.")


class CapabilityMissing(InputInvalid):
    code = "VAL-0105"
    template = gettext_noop("{venue} does not offer this: {need}.")


class VenueUnknown(NotFound):
    code = "NFD-0101"
    template = gettext_noop("There is no venue called {venue}.")


class ConnectionMissing(NotFound):
    code = "NFD-0102"
    template = gettext_noop("There is no such connection.")


class ConnectionPaused(Conflict):
    code = "CNF-0101"
    template = gettext_noop("This connection is paused. Resume it first.")


class ConnectionInUse(Conflict):
    code = "CNF-0102"
    template = gettext_noop("Bots use this connection: {bots}. Stop them first.")


class ConnectionUnusable(Conflict):
    """BROKEN: the key failed its last test."""

    code = "CNF-0103"
    template = gettext_noop(
        "This connection does not work at present. Open it to see why, then test it."
    )


class KeyUntested(Conflict):
    """Stored, and the process ended before the venue had answered."""

    code = "CNF-0104"
    template = gettext_noop("This key has not been tested yet. Test it now.")


class PaperOnly(InputInvalid):
    code = "VAL-0106"
    template = gettext_noop(
        "{venue} is no practice venue: only paper balances can be changed here."
    )


class PracticeRefused(InputInvalid):
    """The practice venue's control API said no; `problem` is its own sentence."""

    code = "VAL-0107"
    template = gettext_noop("The practice venue refused: {problem}.")


class PriceOffStep(InputInvalid):
    code = "VAL-0108"
    template = gettext_noop("{venue} does not take the price {price} for {symbol}: it is no step.")


class QuantityOffStep(InputInvalid):
    code = "VAL-0109"
    template = gettext_noop(
        "{venue} does not take the quantity {quantity} for {symbol}: it is no step."
    )


class OrderIdUnusable(InputInvalid):
    code = "VAL-0110"
    template = gettext_noop("{venue} cannot carry the order id {client_order_id}.")


class OrderContradictory(InputInvalid):
    """A price, a trigger or an end is there without its kind of order, or the other way round."""

    code = "VAL-0111"
    template = gettext_noop("{field} does not fit a {kind} order.")


class TrailUnusable(InputInvalid):
    code = "VAL-0113"
    template = gettext_noop(
        "{venue} takes a trailing distance of {least} % to {most} % in steps of {step} %."
    )


class TimeoutUnusable(InputInvalid):
    code = "VAL-0112"
    template = gettext_noop("{venue} takes {shortest} to {longest} s here.")
