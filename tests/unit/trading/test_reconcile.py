"""The comparison with a venue as a pure function: what is found, asked first, and never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.findings import (
    Adopt,
    CloseAbsent,
    KnownFill,
    OurOrder,
    Ours,
    Questions,
    Record,
    Remark,
    Reopen,
    Theirs,
    external_id,
)
from apps.trading.domain.orders import LIVE, OrderStatus, settle
from apps.trading.domain.reconcile import Comparison
from apps.venues.domain.ports import OrderReceipt, ReceiptStatus, Side, VenueTrade
from tests.factories.trading import NOON, D

VISIBLE = timedelta(seconds=5)
NAME = "c" + "a" * 23
BTC = "BTC/USDT"
OPEN = ReceiptStatus.OPEN


def order(order_id=1, **more):
    boring = {
        "order_id": order_id,
        "client_order_id": f"c{order_id:023d}",
        "wire_id": f"c{order_id:023d}",
        "venue_order_id": f"v{order_id}",
        "symbol": BTC,
        "side": Side.BUY,
        "status": OrderStatus.OPEN,
        "origin": "MANUAL",
        "quantity": D(1),
        "filled": D(0),
        "counted": None,
        "sent_at": NOON - timedelta(minutes=1),
        "closed_at": None,
        "stays": True,
    }
    return OurOrder(**(boring | more))


def closed(order_id=1, status=OrderStatus.CANCELLED, **more):
    ago = NOON - timedelta(minutes=1)
    return order(order_id, status=status, closed_at=ago, **more)


def receipt(number=1, **more):
    boring = {
        "venue_order_id": f"v{number}",
        "status": OPEN,
        "filled": D(0),
        "client_order_id": f"c{number:023d}",
        "symbol": BTC,
        "side": Side.BUY,
        "quantity": D(1),
        "limit_price": D(100),
    }
    return OrderReceipt(**(boring | more))


def trade(number="t1", quantity="0.4", price="100", **more):
    at = NOON - timedelta(seconds=40)
    return VenueTrade(
        venue_trade_id=number,
        quantity=D(quantity),
        price=D(price),
        **({"fee": D(0), "traded_at": at} | more),
    )


def compared(*orders, opened=(), trades=(), fills=None, elsewhere=(), **told):
    ours = Ours(orders=tuple(orders), fills=fills or {}, elsewhere=frozenset(elsewhere))
    listed = None if opened is None else tuple(opened)
    theirs = Theirs(asked_at=NOON, open_orders=listed, trades=tuple(trades), **told)
    return Comparison(7, ours, theirs, visible_after=VISIBLE)


def codes(comparison):
    return [finding.code for finding in comparison.findings()]


def test_what_agrees_is_no_finding():
    assert codes(compared(order(), opened=[receipt()])) == []


def test_an_order_that_is_not_listed_is_asked_about_and_nothing_is_concluded_before():
    it = compared(order(), opened=[])

    assert it.questions().probes == (1,)
    assert codes(it) == []


def test_an_execution_told_again_does_not_make_an_order_look_complete():
    half = order(filled=D("0.5"), status=OrderStatus.PARTIALLY_FILLED)
    it = compared(
        half,
        opened=[],
        trades=[(BTC, "v1", trade(quantity="0.5"))],
        fills={(BTC, "t1", Side.BUY): KnownFill(1, D("0.5"), D(100))},
    )

    assert it.questions().probes == (1,)


def test_an_order_that_a_single_question_denies_never_arrived():
    it = compared(order(venue_order_id="", status=OrderStatus.SUBMITTING), probes={1: None})

    assert [f.action for f in it.findings()] == [CloseAbsent(1, vanished=False)]


def test_an_acknowledged_order_that_is_denied_has_vanished():
    it = compared(order(), probes={1: None})

    assert [f.action for f in it.findings()] == [CloseAbsent(1, vanished=True)]


def test_an_order_that_told_of_executions_we_lack_is_not_called_gone():
    it = compared(order(counted=D("0.5")), probes={1: None})

    assert [(f.code, f.action, f.blocking) for f in it.findings()] == [
        ("FILLS_UNRESOLVED", None, True)
    ]


def test_an_order_sent_while_the_venue_was_asked_is_not_judged():
    young = order(sent_at=NOON - VISIBLE + timedelta(microseconds=1), venue_order_id="")

    assert compared(young, opened=[]).questions().probes == ()


def test_a_failed_list_of_open_orders_makes_nobody_missing():
    assert codes(compared(order(), opened=None)) == []


def test_an_execution_we_lack_is_booked():
    it = compared(order(), opened=[receipt(filled=D("0.4"))], trades=[(BTC, "v1", trade())])
    (finding,) = it.findings()

    assert finding.code == "VENUE_HAS_FILL_WE_LACK"
    assert finding.action == Record(1, receipt(filled=D("0.4"), trades=(trade(),)))


@pytest.mark.parametrize("status", [s for s in OrderStatus if s not in LIVE])
def test_a_late_execution_of_a_finished_order_is_booked(status):
    it = compared(closed(status=status), trades=[(BTC, "v1", trade())])

    assert it.questions().probes == (1,)
    assert codes(it) == ["VENUE_HAS_FILL_WE_LACK"]


def test_more_than_was_ordered_is_booked_and_said():
    it = compared(order(filled=D("0.8")), trades=[(BTC, "v1", trade())])

    assert codes(it) == ["OVERFILL", "VENUE_HAS_FILL_WE_LACK"]


def test_the_same_execution_with_other_figures_is_an_anomaly_and_stops_trading():
    known = {(BTC, "t1", Side.BUY): KnownFill(1, D("0.3"), D(100))}
    it = compared(
        order(filled=D("0.3"), status=OrderStatus.PARTIALLY_FILLED),
        opened=[receipt()],
        trades=[(BTC, "v1", trade())],
        fills=known,
    )
    (finding,) = it.findings()

    assert (finding.code, finding.blocking) == ("DUPLICATE_FILL", True)
    assert isinstance(finding.action, Remark)


def test_both_sides_of_a_trade_with_oneself_are_booked():
    sale = order(2, side=Side.SELL)
    it = compared(
        order(filled=D(1), status=OrderStatus.FILLED),
        sale,
        opened=[receipt(2, side=Side.SELL)],
        trades=[(BTC, "v1", trade(quantity=D(1))), (BTC, "v2", trade(quantity=D(1)))],
        fills={(BTC, "t1", Side.BUY): KnownFill(1, D(1), D(100))},
    )
    (finding,) = it.findings()

    assert (finding.code, finding.action.order_id) == ("VENUE_HAS_FILL_WE_LACK", 2)
    assert [t.venue_trade_id for t in finding.action.receipt.trades] == ["t1"]


def test_an_order_placed_outside_that_met_one_of_ours_is_looked_up():
    it = compared(
        closed(filled=D(1), status=OrderStatus.FILLED),
        trades=[(BTC, "v9", trade(quantity=D(1)))],
        fills={(BTC, "t1", Side.BUY): KnownFill(1, D(1), D(100))},
    )

    assert it.questions().look_ups == ((BTC, "v9"),)


def test_an_execution_booked_before_its_order_s_id_was_told_is_not_another_s():
    it = compared(
        closed(filled=D(1), status=OrderStatus.FILLED, venue_order_id=""),
        trades=[(BTC, "v9", trade(quantity=D(1)))],
        fills={(BTC, "t1", Side.BUY): KnownFill(1, D(1), D(100), placed=False)},
    )

    assert it.questions() == Questions((), ())


def test_an_order_we_had_closed_and_the_venue_works_is_asked_about_then_live_again():
    listed = [receipt()]

    assert compared(closed(), opened=listed).questions().probes == (1,)
    assert codes(compared(closed(), opened=listed)) == []
    (finding,) = compared(closed(), opened=listed, probes={1: receipt()}).findings()
    assert finding.action == Reopen(1, receipt(), cancel=False)


def test_an_order_that_nobody_wants_any_more_is_taken_back_to_be_cancelled():
    it = compared(closed(stays=False), opened=[receipt()], probes={1: receipt()})

    assert [f.action for f in it.findings()] == [Reopen(1, receipt(), cancel=True)]


def test_an_order_closed_after_the_question_is_not_judged_by_the_older_answer():
    it = compared(
        order(status=OrderStatus.CANCELLED, closed_at=NOON + timedelta(seconds=1)),
        opened=[receipt()],
    )

    assert it.questions().probes == ()
    assert codes(it) == []


def test_an_order_with_our_kind_of_id_and_no_row_is_taken_back_under_its_own_id():
    it = compared(opened=[receipt(client_order_id=NAME)])
    (finding,) = it.findings()

    assert finding.code == "OURS_BY_ID_UNKNOWN_HERE"
    assert finding.action == Adopt(NAME, "ADOPTED", receipt(client_order_id=NAME))


def test_a_foreign_order_gets_an_id_that_is_the_same_in_any_database():
    it = compared(opened=[receipt(client_order_id="web_1")])
    (finding,) = it.findings()

    assert finding.code == "EXTERNAL"
    assert finding.action.client_order_id == external_id(7, BTC, "v1") == "x2ce54660fccd4e79f1d68be"


def test_an_order_of_another_connection_at_the_same_account_is_neither_ours_nor_foreign():
    it = compared(
        opened=[receipt(client_order_id=NAME)],
        trades=[(BTC, "v1", trade())],
        elsewhere=[NAME],
    )

    assert codes(it) == []


def test_an_execution_of_an_unknown_order_is_asked_about_before_anything_else():
    it = compared(trades=[(BTC, "v9", trade())])

    assert it.questions().look_ups == ((BTC, "v9"),)


def test_an_execution_that_nobody_can_name_stops_trading():
    it = compared(trades=[(BTC, "v9", trade())], looked_up={(BTC, "v9"): None})

    assert [(f.code, f.blocking) for f in it.findings()] == [("FILLS_UNRESOLVED", True)]
    assert it.unresolved_symbols() == {BTC}


def test_the_same_number_in_another_market_is_another_order():
    it = compared(order(), opened=[receipt(), receipt(symbol="ETH/USDT", client_order_id="w")])

    assert codes(it) == ["EXTERNAL"]


# --- twice changes nothing, and no order of the answers matters

IDS = st.integers(1, 4)
STATUSES = st.sampled_from(
    [OrderStatus.SUBMITTING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED,
     OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED]
)  # fmt: skip


@st.composite
def worlds(draw):
    """Some orders of ours and an honest venue with some of them, some foreign, some executed."""
    ours, opened, trades, answers = [], [], [], {}
    for number in draw(st.sets(IDS)):
        status = draw(STATUSES)
        kind = order if status in LIVE else closed
        known = draw(st.booleans()) or status is OrderStatus.OPEN
        ours.append(kind(number, status=status, venue_order_id=f"v{number}" if known else ""))
    for number in draw(st.sets(st.integers(1, 6))):
        sizes = draw(st.lists(st.sampled_from(["0.25", "0.5"]), max_size=2))
        done = sum((D(size) for size in sizes), D(0))
        name = f"c{number:023d}" if draw(st.booleans()) or number < 5 else f"web{number}"
        own = [trade(f"t{number}.{i}", size) for i, size in enumerate(sizes)]
        ended = done == 1 or draw(st.booleans())
        status = (ReceiptStatus.FILLED if done == 1 else ReceiptStatus.CANCELLED) if ended else OPEN
        told = receipt(number, filled=done, client_order_id=name, status=status)
        answers[number] = replace(told, trades=tuple(own))
        if not ended:
            opened.append(told)
        trades += [(BTC, f"v{number}", each) for each in own]
    return ours, opened, trades, answers


def reconciled(ours, fills, opened, trades, answers):
    """Ask, then find. The venue answers every single question."""
    theirs = Theirs(asked_at=NOON, open_orders=tuple(opened), trades=tuple(trades))
    known = Ours(orders=tuple(ours), fills=fills)
    wanted = Comparison(7, known, theirs, visible_after=VISIBLE).questions()
    names = {each.order_id: each.client_order_id for each in ours}
    by_name = {told.client_order_id: told for told in answers.values()}
    theirs = replace(
        theirs,
        probes={number: by_name.get(names[number]) for number in wanted.probes},
        looked_up={place: answers.get(int(place[1][1:])) for place in wanted.look_ups},
    )
    return Comparison(7, known, theirs, visible_after=VISIBLE).findings()


def acted(ours, fills, findings):
    """What the services make of it, in memory."""
    rows, fills = {each.order_id: each for each in ours}, dict(fills)
    for action in [f.action for f in findings]:
        if isinstance(action, CloseAbsent):
            gone = OrderStatus.CANCELLED if action.vanished else OrderStatus.REJECTED
            rows[action.order_id] = replace(rows[action.order_id], status=gone, closed_at=NOON)
            continue
        if isinstance(action, Adopt):
            number = 100 + len(rows)
            told = action.receipt
            rows[number] = order(
                number, client_order_id=action.client_order_id, wire_id=action.client_order_id,
                origin=action.origin, venue_order_id=told.venue_order_id, quantity=told.quantity,
                side=told.side,
            )  # fmt: skip
            rows[number] = booked(rows[number], told, fills)
        elif isinstance(action, Record | Reopen):
            row = rows[action.order_id]
            if isinstance(action, Reopen):
                row = replace(row, status=OrderStatus.OPEN, closed_at=None)
            rows[action.order_id] = booked(row, action.receipt, fills)
    return list(rows.values()), fills


def booked(row, told, fills):
    new = [t for t in told.trades if (row.symbol, t.venue_trade_id, row.side) not in fills]
    fills |= {
        (row.symbol, t.venue_trade_id, row.side): KnownFill(
            row.order_id, t.quantity, t.price, bool(row.venue_order_id)
        )
        for t in new
    }
    filled = row.filled + sum((t.quantity for t in new), D(0))
    counted = row.counted if told.filled is None else max(told.filled, row.counted or D(0))
    status = settle(
        row.status, OrderStatus(told.status), new_fills=bool(new), booked=filled,
        counted=counted, quantity=row.quantity,
    )  # fmt: skip
    return replace(row, filled=filled, counted=counted, status=status,
                   venue_order_id=told.venue_order_id or row.venue_order_id)  # fmt: skip


@given(worlds())
def test_a_second_comparison_finds_nothing_that_the_first_settled(world):
    ours, opened, trades, answers = world
    findings = reconciled(ours, {}, opened, trades, answers)
    after, fills = acted(ours, {}, findings)

    again = reconciled(after, fills, opened, trades, answers)

    assert [f for f in again if f.code != "VENUE_KNOWS_MORE"] == []


@given(worlds())
def test_after_it_every_execution_of_the_venue_is_booked_once(world):
    ours, opened, trades, answers = world

    _, fills = acted(ours, {}, reconciled(ours, {}, opened, trades, answers))

    assert set(fills) == {(BTC, t.venue_trade_id, Side.BUY) for _, _, t in trades}


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_answers_come_does_not_matter(world, dice):
    ours, opened, trades, answers = world
    shuffled = [dice.sample(each, len(each)) for each in (ours, opened, trades)]

    assert reconciled(*shuffled[:1], {}, *shuffled[1:], answers) == reconciled(
        ours, {}, opened, trades, answers
    )
