"""What the venue says no to, in Binance's words: HTTP status, code, message.

The codes are a contract with every client of that exchange, so they are spelled once, here.
"""

from __future__ import annotations


class Refusal(Exception):
    """A request that changed nothing; carries the HTTP status, the code and the public message."""

    def __init__(
        self, status: int, code: int, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def filter_failed(name: str) -> Refusal:
    return Refusal(400, -1013, f"Filter failure: {name}")


def market_closed() -> Refusal:
    return Refusal(400, -1013, "Market is closed.")


def too_many_requests(limit: int, retry_after: int) -> Refusal:
    message = (
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return Refusal(429, -1003, message, {"Retry-After": str(retry_after)})


def banned(until_ms: int, retry_after: int) -> Refusal:
    message = (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return Refusal(418, -1003, message, {"Retry-After": str(retry_after)})


def too_many_orders(limit: int, interval: str) -> Refusal:
    message = f"Too many new orders; current limit is {limit} orders per {interval}."
    return Refusal(429, -1015, message, {"Retry-After": "10"})


def unsupported() -> Refusal:
    return Refusal(400, -1020, "This operation is not supported.")


def timestamp_ahead() -> Refusal:
    message = "Timestamp for this request was 1000ms ahead of the server's time."
    return Refusal(400, -1021, message)


def timestamp_outside_window() -> Refusal:
    message = "Timestamp for this request is outside of the recvWindow."
    return Refusal(400, -1021, message)


def signature_invalid() -> Refusal:
    return Refusal(400, -1022, "Signature for this request is not valid.")


def characters_illegal(name: str, legal: str) -> Refusal:
    message = f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    return Refusal(400, -1100, message)


def parameters_unread(read: int, sent: int) -> Refusal:
    message = (
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
    )
    return Refusal(400, -1104, message)


def parameters_too_many() -> Refusal:
    return Refusal(400, -1101, "Too many parameters sent for this endpoint.")


def parameter_missing(name: str) -> Refusal:
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return Refusal(400, -1102, message)


def parameter_choice_missing(first: str, second: str) -> Refusal:
    message = f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    return Refusal(400, -1102, message)


def parameter_empty(name: str) -> Refusal:
    return Refusal(400, -1105, f"Parameter '{name}' was empty.")


def parameter_not_required(name: str) -> Refusal:
    return Refusal(400, -1106, f"Parameter '{name}' sent when not required.")


def precision_too_high(name: str) -> Refusal:
    return Refusal(400, -1111, f"Parameter '{name}' has too much precision.")


def time_in_force_invalid() -> Refusal:
    return Refusal(400, -1115, "Invalid timeInForce.")


def order_type_invalid() -> Refusal:
    return Refusal(400, -1116, "Invalid orderType.")


def side_invalid() -> Refusal:
    return Refusal(400, -1117, "Invalid side.")


def interval_invalid() -> Refusal:
    return Refusal(400, -1120, "Invalid interval.")


def symbol_invalid() -> Refusal:
    return Refusal(400, -1121, "Invalid symbol.")


def listen_key_unknown() -> Refusal:
    return Refusal(400, -1125, "This listenKey does not exist.")


def interval_too_big() -> Refusal:
    return Refusal(400, -1127, "More than 24 hours between startTime and endTime.")


def response_type_invalid() -> Refusal:
    return Refusal(400, -1136, "Invalid newOrderRespType.")


def order_rejected(reason: str) -> Refusal:
    return Refusal(400, -2010, reason)


def balance_insufficient() -> Refusal:
    return order_rejected("Account has insufficient balance for requested action.")


def order_duplicate() -> Refusal:
    return order_rejected("Duplicate order sent.")


def order_would_take() -> Refusal:
    return order_rejected("Order would immediately match and take.")


def order_would_trigger() -> Refusal:
    return order_rejected("Order would trigger immediately.")


def cancel_rejected() -> Refusal:
    return Refusal(400, -2011, "Unknown order sent.")


def order_absent() -> Refusal:
    return Refusal(400, -2013, "Order does not exist.")


def key_malformed() -> Refusal:
    return Refusal(401, -2014, "API-key format invalid.")


def key_refused() -> Refusal:
    return Refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")


def timed_out() -> Refusal:
    message = (
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown."
    )
    return Refusal(504, -1007, message)


def failed_internally() -> Refusal:
    return Refusal(500, -1000, "An unknown error occurred while processing the request.")
