"""What the platform may ask of a venue: small protocols, our own types in and out.

No ccxt or web3 object crosses this line. Amounts are Decimal, times are aware UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class VenueKind(StrEnum):
    EXCHANGE = "EXCHANGE"
    PRACTICE = "PRACTICE"
    DEX = "DEX"


class Capability(StrEnum):
    """What an adapter declares; code asks for these, never for a venue's name."""

    SPOT_ORDERS = "SPOT_ORDERS"
    MARKET_ORDERS = "MARKET_ORDERS"
    PERPETUAL_ORDERS = "PERPETUAL_ORDERS"
    CLIENT_ORDER_ID = "CLIENT_ORDER_ID"  # the venue keeps our id and finds an order by it
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "POST_ONLY"
    GTD = "GTD"  # the venue itself ends an order at `expires_at`
    # Orders that wait at the venue for a trigger. Declared only where the waiting order keeps our
    # id before and after it is triggered, so that a probe, a cancel and a list find it.
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"
    CANCEL_ALL = "CANCEL_ALL"  # one request cancels many; without it they go one by one
    DEAD_MAN_SWITCH = "DEAD_MAN_SWITCH"  # cancels everything unless it is armed again in time
    ORDER_HISTORY = "ORDER_HISTORY"  # ended orders of a symbol since an instant
    CANCEL = "CANCEL"
    OPEN_ORDERS = "OPEN_ORDERS"
    MY_TRADES = "MY_TRADES"
    BALANCES = "BALANCES"
    ACCOUNT_FEES = "ACCOUNT_FEES"  # the account's real fee tier, not only the list price
    BOOK = "BOOK"
    BOOK_STREAM = "BOOK_STREAM"
    ORDER_STREAM = "ORDER_STREAM"
    CANDLES = "CANDLES"
    TESTNET = "TESTNET"


class Need(StrEnum):
    """Why a client is asked for. VIEW clients must not be able to trade by mistake."""

    VIEW = "VIEW"
    TRADE = "TRADE"


class RightsProof(StrEnum):
    PROBE = "PROBE"  # the venue tells what a key may do
    STRUCTURAL = "STRUCTURAL"  # such a key cannot withdraw by construction
    NONE = "NONE"  # nobody can prove it: VIEW and PAPER only


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderKind(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"  # a market order once the trigger is reached
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"


UNPRICED = frozenset(
    {OrderKind.MARKET, OrderKind.STOP, OrderKind.TAKE_PROFIT, OrderKind.TRAILING_STOP}
)


PRICED_TRIGGERS = frozenset(
    {OrderKind.STOP, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT, OrderKind.TAKE_PROFIT_LIMIT}
)  # these wait for `trigger_price`; a trailing stop for its distance
TRIGGERED = PRICED_TRIGGERS | {OrderKind.TRAILING_STOP}


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PO"
    GTD = "GTD"


class ReceiptStatus(StrEnum):
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    name: str  # key, secret, passphrase, ...
    label: str  # marked for translation
    secret: bool = True
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSpec:
    code: str
    label: str
    kind: VenueKind
    ccxt_id: str
    capabilities: frozenset[Capability]
    credential_fields: tuple[CredentialField, ...]
    rights_proof: RightsProof
    visible_after: timedelta = timedelta(seconds=5)  # when an absent order is proof of absence
    needed_rights: tuple[str, ...] = ()  # as the venue's own key page calls them
    key_page: str = ""  # where a user creates a key
    key_steps: tuple[str, ...] = ()  # how, in order, marked for translation
    tells_key_expiry: bool = False
    tells_ip_allow_list: bool = False
    requests_per_second: float = 5.0
    docs: str = ""
    open_orders_by_symbol: bool = False  # open orders are told of one symbol at a time only
    dead_man_cancels_stops: bool = True  # whether its switch would also take protective stops
    # From our signature until the venue refuses the order for being late, our clock being at most a
    # second ahead; None where no time bounds it. `lateness` says what that rests on.
    taken_for: timedelta | None = None
    lateness: str = ""
    # It refuses a nonce below one it has seen: nonces are given out in order to all processes, and
    # a later question of the same key shuts out an order that is still on its way.
    ordered_nonces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """One order as it leaves. limit_price is None exactly for the kinds in UNPRICED.

    trigger_price is set exactly for PRICED_TRIGGERS; trail is a trailing stop's distance as a
    fraction (0.02 is 2 %). reduce_only says that the order only closes: on a spot market it is a
    remark for us and not said to the venue. expires_at belongs to the time in force GTD.
    After `send_before` it must not leave any more: whoever asks what became of it relies on that.
    """

    client_order_id: str
    symbol: str
    side: Side
    kind: OrderKind
    quantity: Decimal  # base units
    limit_price: Decimal | None
    time_in_force: TimeInForce = TimeInForce.GTC
    send_before: datetime | None = None
    trigger_price: Decimal | None = None
    trail: Decimal | None = None
    reduce_only: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """One execution. price or fee None: the venue did not say, which is not zero."""

    venue_trade_id: str
    quantity: Decimal
    price: Decimal | None
    fee: Decimal | None = None
    fee_asset: str = ""
    is_maker: bool | None = None
    traded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceipt:
    """filled is the venue's own total in base units; None: it did not say.

    kind, trigger_price and created_at are None where the venue did not say them, or said something
    that has no name here.
    """

    venue_order_id: str
    status: ReceiptStatus
    filled: Decimal | None
    client_order_id: str = ""
    symbol: str = ""
    side: Side | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    trades: tuple[VenueTrade, ...] = ()
    kind: OrderKind | None = None
    trigger_price: Decimal | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What a key may do. None: unknown, which never counts as harmless."""

    proof: RightsProof
    can_read: bool | None
    can_trade: bool | None
    can_withdraw: bool | None
    ip_restricted: bool | None = None
    ip_allow_list: tuple[str, ...] = ()
    expires_at: datetime | None = None
    raw_scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    asset: str
    free: Decimal
    used: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.used


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentInfo:
    """A tradable pair. Steps and limits are None where the venue does not state them."""

    symbol: str
    base: str
    quote: str
    active: bool
    price_step: Decimal | None
    quantity_step: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None  # quote units
    maker_fee: Decimal | None  # fraction: 0.001 is 0.1 %
    taker_fee: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """The account's own tier for one symbol, as fractions."""

    symbol: str
    maker: Decimal
    taker: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLevels:
    """A full snapshot: levels best first as (price, quantity)."""

    symbol: str
    bids: Sequence[tuple[Decimal, Decimal]]
    asks: Sequence[tuple[Decimal, Decimal]]
    sequence: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFrame:
    """A change of one book as floats for scanning (booked amounts never come from here).

    snapshot=True replaces the book; else it is a delta whose zero quantities delete levels.
    first_seq..last_seq follow the venue's own numbering; None where it has none.
    venue_ms is the venue's clock, received_ns ours (time.monotonic_ns()).
    """

    symbol: str
    snapshot: bool
    bids: Sequence[tuple[float, float]]
    asks: Sequence[tuple[float, float]]
    first_seq: int | None
    last_seq: int | None
    venue_ms: int | None
    received_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDown:
    """The stream lost its connection or place: its books are unusable until a snapshot."""

    symbols: tuple[str, ...] = field(default=())
    reason: str = ""


class MarketData(Protocol):
    """Public questions; no key needed."""

    spec: VenueSpec

    def instruments(self) -> list[InstrumentInfo]: ...

    def book(self, symbol: str, *, depth: int = 50) -> BookLevels: ...

    def clock_skew(self) -> timedelta:
        """How far our clock is ahead of the venue's."""
        ...


class TradingVenue(MarketData, Protocol):
    """Questions and commands of one account. Raises the classes of venues.domain.errors only."""

    def rights(self) -> KeyRights: ...

    def balances(self) -> list[Balance]: ...

    def fees(self, symbols: Sequence[str]) -> list[Fees]: ...

    def place_order(self, ticket: OrderTicket) -> OrderReceipt: ...

    def find_order(
        self, client_order_id: str, symbol: str, *, sent_for: timedelta
    ) -> OrderReceipt | None:
        """None means "never arrived": said only once the venue has had time to show it."""
        ...

    def cancel_order(
        self, client_order_id: str, venue_order_id: str, symbol: str
    ) -> OrderReceipt | None:
        """The order after the cancel, or None where the venue only acknowledges.

        With the venue's own id, `client_order_id` may be one we did not make, or empty.
        """
        ...

    def cancel_all(self, symbol: str | None) -> None:
        """Cancel every open order of a symbol, or of the account (None), whoever made it.

        The venue has taken the request; `open_orders` tells when nothing is left. Raises
        VenueRejected, VenueUnavailable, and VenueOutcomeUnknown where some may still stand.
        """
        ...

    def arm_dead_man(self, timeout: timedelta | None) -> None:
        """Have the venue cancel everything unless armed again within `timeout`; None disarms.

        Raises CapabilityMissing, TimeoutUnusable, and what an order raises.
        `spec.dead_man_cancels_stops` says whether protective stops go as well.
        """
        ...

    def order_by_venue_id(self, venue_order_id: str, symbol: str) -> OrderReceipt | None:
        """The order under the venue's own id, with its executions; None where it has none."""
        ...

    def open_orders(self, symbol: str | None = None) -> list[OrderReceipt]:
        """All open orders, those made elsewhere included; they carry the id they were made with.

        Raises CapabilityMissing without a symbol where `spec.open_orders_by_symbol`.
        """
        ...

    def orders_since(self, symbol: str, *, since: datetime) -> list[OrderReceipt]:
        """Open and ended orders made since then, oldest first, without executions.

        Raises CapabilityMissing without ORDER_HISTORY, and VenueUnavailable where the venue's list
        could be incomplete.
        """
        ...

    def my_trades(self, symbol: str, *, since: datetime) -> list[tuple[str, VenueTrade]]:
        """(venue_order_id, trade), oldest first."""
        ...

    def close(self) -> None: ...


class BookStream(Protocol):
    """Live books of one venue over WebSocket, with reconnect inside.

    Yields batches so that many wire messages cost one wake-up. After a lost connection or a
    sequence gap it yields StreamDown, then snapshots again.
    """

    def frames(self, symbols: Sequence[str]) -> AsyncIterator[list[BookFrame | StreamDown]]: ...

    async def close(self) -> None: ...
