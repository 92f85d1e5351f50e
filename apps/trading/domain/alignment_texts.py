"""What a comparison found, said to a person, and what there is to do. English source sentences."""

from __future__ import annotations

from apps.core.domain.errors import gettext_noop

FOUND: dict[str, str] = {
    "OURS_MISSING_AT_VENUE": gettext_noop(
        "The venue does not know our order {order} for {symbol}: it is closed here."
    ),
    "VENUE_HAS_FILL_WE_LACK": gettext_noop(
        "{quantity} of order {order} for {symbol} was executed without our hearing of it: booked."
    ),
    "OPEN_AT_VENUE_CLOSED_HERE": gettext_noop(
        "Order {order} for {symbol} was closed here and still works at the venue: it is live again."
    ),
    "OURS_BY_ID_UNKNOWN_HERE": gettext_noop(
        "Order {order} for {symbol} carries our id and was not in the database: taken back."
    ),
    "EXTERNAL": gettext_noop(
        "Order {venue_order_id} for {symbol} was placed outside CRYONEL: shown, and left alone."
    ),
    "OVERFILL": gettext_noop(
        "More of order {order} for {symbol} was executed than was ordered: {filled} in all, booked."
    ),
    "BALANCE_UNEXPLAINED": gettext_noop(
        "{amount} {asset} moved outside CRYONEL: a deposit, a withdrawal or a trade made elsewhere."
    ),
    "DUPLICATE_FILL": gettext_noop(
        "Execution {trade} of {symbol} is booked as {quantity}, "
        "and the venue now says {told_quantity}."
    ),
    "FILLS_UNRESOLVED": gettext_noop(
        "The venue tells of executions of {symbol} and does not say of which order."
    ),
    "BALANCE_TOO_LOW": gettext_noop(
        "Reserved orders may take {amount} {asset} more than the account holds."
    ),
    "FETCH_FAILED": gettext_noop("The venue did not answer when asked for: {question}."),
}
ADVICE: dict[str, str] = {
    "DUPLICATE_FILL": gettext_noop(
        "Compare the execution with the venue's own statement. Nothing opens here meanwhile."
    ),
    "FILLS_UNRESOLVED": gettext_noop(
        "It is asked again by itself. If this stays, look up the order at the venue."
    ),
    "BALANCE_TOO_LOW": gettext_noop(
        "Move the amount back to this account, or stop the bots that reserved it."
    ),
    "FETCH_FAILED": gettext_noop(
        "It is asked again by itself. Nothing is taken for zero, and nothing opens meanwhile."
    ),
}
STANDS: dict[str, str] = {
    "ALIGNED": gettext_noop("Orders, executions and balances agree with the venue."),
    "CHECKING": gettext_noop("Orders and balances are being compared with the venue."),
    "UNALIGNED": gettext_noop("Our books and the venue's differ: nothing opens here."),
    "UNKNOWN": gettext_noop(
        "It is not known whether our books and the venue's agree: nothing opens here."
    ),
}
QUESTIONS: dict[str, str] = {
    "balances": gettext_noop("balances"),
    "open_orders": gettext_noop("open orders"),
    "trades": gettext_noop("executions of {what}"),
    "order": gettext_noop("order {what}"),
    "connection": gettext_noop("anything: the connection could not be used"),
}
OUTCOMES: dict[str, str] = {
    "WAITING:RESUME": gettext_noop(
        "After an unclean end it waits until its connections are compared, then trades on."
    ),
    "WAITING:FLATTEN": gettext_noop(
        "After an unclean end it waits until its connections are compared and its positions closed."
    ),
    "RESUMED": gettext_noop("Resumed after an unclean end."),
    "FLATTENED": gettext_noop("Closed what it had open after an unclean end, and stands stopped."),
    "FAILED": gettext_noop(
        "Could not close everything after an unclean end. It stands stopped: look at its positions."
    ),
}
