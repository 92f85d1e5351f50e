"""The book: price, then time; nothing crosses; nothing appears or disappears."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.practice.domain.matching import OUTSIDE, Book, Match, Side

ticks = st.integers(90, 110)
lots = st.integers(1, 20)
sides = st.sampled_from(list(Side))
ladders = st.dictionaries(ticks, st.integers(0, 20), max_size=6)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("order"), sides, ticks, lots),
        st.tuples(st.just("quote"), ladders, ladders, st.booleans()),
        st.tuples(st.just("hit"), sides, ticks, lots),
        st.tuples(st.just("cancel"), st.integers(1, 20)),
    ),
    max_size=30,
)


class Desk:
    """Users' orders on one book, and what each of them got."""

    def __init__(self) -> None:
        self.book = Book()
        self.orders: dict[int, tuple[Side, int, int]] = {}
        self.filled: dict[int, int] = {}
        self.canceled: dict[int, int] = {}

    def do(self, deed: tuple[object, ...]) -> None:
        match deed:
            case ("order", Side() as side, int() as price, int() as size):
                self._order(side, price, size)
            case ("quote", dict() as bids, dict() as asks, bool() as full):
                low = {price: size for price, size in bids.items() if price < 100}
                high = {price: size for price, size in asks.items() if price >= 100}
                self._count(self.book.quote(low, high, full=full))
            case ("hit", Side() as side, int() as price, int() as size):
                self._count(self.book.take(side, price, size))
            case ("cancel", int() as order_id) if order_id in self.orders:
                side, price, _ = self.orders[order_id]
                left = self.book.remove(side, price, order_id)
                self.canceled[order_id] = self.canceled.get(order_id, 0) + left

    def _order(self, side: Side, price: int, size: int) -> None:
        order_id = len(self.orders) + 1
        self.orders[order_id] = (side, price, size)
        gone = self.book.take(side, price, size)
        self._count(gone)
        got = sum(match.lots for match in gone)
        self.filled[order_id] = self.filled.get(order_id, 0) + got
        if got < size:
            self.book.rest(side, price, order_id, size - got)

    def _count(self, matches: list[Match]) -> None:
        for match in matches:
            if match.maker_id != OUTSIDE:
                self.filled[match.maker_id] = self.filled.get(match.maker_id, 0) + match.lots

    def standing(self, order_id: int) -> int:
        side, price, _ = self.orders[order_id]
        queue = self.book.half(side).queues.get(price, ())
        return sum(entry.lots for entry in queue if entry.order_id == order_id)


@given(deeds)
def test_a_book_is_never_crossed(done: list[tuple[object, ...]]) -> None:
    desk = Desk()
    for deed in done:
        desk.do(deed)
        bid, ask = desk.book.bids.best(), desk.book.asks.best()
        assert bid is None or ask is None or bid < ask


@given(deeds)
def test_every_lot_of_an_order_is_filled_standing_or_canceled(
    done: list[tuple[object, ...]],
) -> None:
    desk = Desk()
    for deed in done:
        desk.do(deed)

    for order_id, (_, _, size) in desk.orders.items():
        canceled = desk.canceled.get(order_id, 0)
        assert desk.filled[order_id] + desk.standing(order_id) + canceled == size


@given(deeds)
def test_level_totals_equal_their_queues(done: list[tuple[object, ...]]) -> None:
    desk = Desk()
    for deed in done:
        desk.do(deed)

    for half in (desk.book.bids, desk.book.asks):
        sums = {price: sum(e.lots for e in queue) for price, queue in half.queues.items()}
        outside = {
            price: sum(e.lots for e in queue if e.order_id == OUTSIDE)
            for price, queue in half.queues.items()
        }
        assert half.totals == sums
        assert half.outside == {price: size for price, size in outside.items() if size}
        assert half.keys == sorted(half.sign * price for price in sums)


def test_the_best_price_comes_first_and_at_one_price_the_earlier_order() -> None:
    book = Book()
    for order_id, price in ((1, 101), (2, 100), (3, 100)):
        book.rest(Side.SELL, price, order_id, 5)

    assert book.take(Side.BUY, 101, 12) == [Match(2, 100, 5), Match(3, 100, 5), Match(1, 101, 2)]


def test_an_order_waits_behind_the_outside_quantity_that_stood_before_it() -> None:
    book = Book()
    book.quote({100: 5}, {}, full=False)
    book.rest(Side.BUY, 100, 1, 5)
    book.quote({100: 9}, {}, full=False)

    assert book.take(Side.SELL, 100, 12) == [
        Match(OUTSIDE, 100, 5),
        Match(1, 100, 5),
        Match(OUTSIDE, 100, 2),
    ]


def test_consumed_liquidity_is_gone_until_its_price_is_quoted_again() -> None:
    book = Book()
    book.quote({}, {100: 5, 101: 5}, full=False)
    book.take(Side.BUY, 100, 5)

    book.quote({}, {101: 6}, full=False)
    assert book.asks.top(2) == [(101, 6)]

    book.quote({}, {100: 5}, full=False)
    assert book.asks.top(2) == [(100, 5), (101, 6)]


def test_outside_quotes_that_cross_an_order_fill_it_at_the_orders_price() -> None:
    book = Book()
    book.rest(Side.BUY, 100, 1, 5)

    assert book.quote({}, {98: 3, 99: 9}, full=False) == [Match(1, 100, 3), Match(1, 100, 2)]
    assert book.asks.top(2) == [(99, 7)]


def test_each_changed_level_raises_the_update_id() -> None:
    book = Book(update_id=10)

    book.quote({99: 1}, {101: 1, 102: 1}, full=False)

    assert book.update_id == 13
    assert book.take_changes() == ({99}, {101, 102})
    assert book.take_changes() == (set(), set())


@given(ladders, sides, ticks, lots)
def test_fillable_says_what_a_take_then_gives(
    ladder: dict[int, int], side: Side, limit: int, wanted: int
) -> None:
    book = Book()
    if side is Side.BUY:
        book.quote({}, ladder, full=True)
    else:
        book.quote(ladder, {}, full=True)

    promised = book.fillable(side, limit, wanted)

    assert sum(match.lots for match in book.take(side, limit, wanted)) == promised


@given(ladders, st.integers(0, 5_000))
def test_a_budget_is_never_exceeded_and_one_more_lot_would_exceed_it(
    ladder: dict[int, int], budget: int
) -> None:
    book = Book()
    book.quote({}, ladder, full=True)

    bought = book.lots_for(Side.BUY, budget)

    assert book.cost(Side.BUY, bought) <= budget
    if bought < sum(ladder.values()):
        assert book.cost(Side.BUY, bought + 1) > budget
