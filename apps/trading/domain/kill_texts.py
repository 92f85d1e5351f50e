"""What a stop command says it did: a sentence for each code, made of strings ready to be read."""

from __future__ import annotations

from apps.core.domain.errors import gettext_noop

STEPS: dict[str, str] = {
    "STATE_HALTED": gettext_noop("Halted: nothing opens from this moment on."),
    "STATE_REDUCING": gettext_noop("From this moment on only what brings exposure down goes out."),
    "TAKEN": gettext_noop("The guard began its work."),
    "BEGUN_AGAIN": gettext_noop("Something broke in the guard: it begins again."),
    "ORDER_CANCELLED_HERE": gettext_noop("Order {order} had not left yet: cancelled."),
    "ORDER_CANCELLED": gettext_noop("Order {order} is cancelled at {venue}; {filled} was filled."),
    "ORDER_EXPIRED": gettext_noop("Order {order} has ended at {venue}; {filled} was filled."),
    "ORDER_FILLED": gettext_noop("Order {order} was filled at {venue}: {filled}."),
    "ORDER_REJECTED": gettext_noop("Order {order} was refused by {venue}."),
    "ORDER_OPEN": gettext_noop("Order {order} is still open at {venue}."),
    "ORDER_PARTIALLY_FILLED": gettext_noop("Order {order} is still open at {venue}: {filled}."),
    "ORDER_NEVER_ARRIVED": gettext_noop("Order {order} never arrived at {venue}: proven."),
    "ORDER_NOT_ANSWERED": gettext_noop(
        "{venue} did not say what became of order {order} ({problem}): it is asked again."
    ),
    "ORDER_FOUND_AGAIN": gettext_noop(
        "{venue} has order {order} open, which had counted as over: it is cancelled."
    ),
    "ORDER_SENT": gettext_noop(
        "Closing order {order} at {venue}: {side} {quantity} {symbol}, filled {filled} ({status})."
    ),
    "CONNECTION_CLOSED_TO_US": gettext_noop(
        "The connection {connection} cannot be used ({problem}): it is tried again."
    ),
    "VENUE_NOT_ANSWERED": gettext_noop(
        "The connection {connection} did not answer ({problem}): it is asked again."
    ),
    "WORKSPACE_DONE": gettext_noop("Nothing is left."),
    "WORKSPACE_ATTENTION": gettext_noop("The time is over and something is left: see below."),
}
OUTCOMES: dict[str, str] = {
    "FLAT": gettext_noop("flat"),
    "DUST": gettext_noop("less than the venue takes is left"),
    "NOT_HELD": gettext_noop("the account does not hold it any more"),
    "OPEN": gettext_noop("being closed"),
    "UNDER_WAY": gettext_noop("an order or a trade of it has not ended"),
    "LOCKED": gettext_noop("held by orders that are not ours"),
    "NOT_AFFORDABLE": gettext_noop("too little money there to buy it back"),
    "NO_BOOK": gettext_noop("nobody offers the other side"),
    "NO_MARKET": gettext_noop("no pair to close it on where it is held"),
    "UNREACHABLE": gettext_noop("the venue did not answer"),
    "PRICE_UNKNOWN": gettext_noop("a price is missing: the amount is not certain"),
}
RULES: dict[str, str] = {
    "ERROR_BURST": gettext_noop(
        "stopped: {count} orders were refused or unanswered within {seconds} s, the limit is {max}"
    ),
    "LOSS": gettext_noop("reduced: the last 24 hours lost {loss}, the limit is {max}"),
    "DRAWDOWN": gettext_noop(
        "stopped: the summed profit fell by {fall} from its highest point, the limit is {max}"
    ),
    "UNALIGNED": gettext_noop(
        "stopped: our books and {venue} have not agreed for {seconds} s, the limit is {max} s"
    ),
    "STALE_ENGINE": gettext_noop(
        "stopped: no engine was seen for {seconds} s while trades are open, the limit is {max} s"
    ),
    "STALE_BOOKS": gettext_noop("reduced: no live prices for {seconds} s, the limit is {max} s"),
}
