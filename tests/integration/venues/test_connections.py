"""Connections against the real practice server."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal

import pytest

from apps.billing.domain.errors import PlanLimitReached
from apps.core import registries
from apps.core.domain.errors import AmountInvalid, RoleTooLow
from apps.core.domain.people import Actor, Role
from apps.core.models import AuditEntry, OutboxMessage
from apps.vault.models import SealedField, SecretAccess, SecretSet
from apps.venues import circuit, selectors, services, tasks
from apps.venues.domain import errors
from apps.venues.domain.ports import Need, OrderKind, OrderTicket, ReceiptStatus, Side, TimeInForce
from apps.venues.models import Connection
from tests.factories.venues import NOW, paper_connection

ORDER_ID = "c0000000000000000000000a1"
TICKET = OrderTicket(
    client_order_id=ORDER_ID,
    symbol="BTC/USDT",
    side=Side.BUY,
    kind=OrderKind.LIMIT,
    quantity=Decimal("0.5"),
    limit_price=Decimal(101),
    time_in_force=TimeInForce.IOC,
)


def add(person, practice, *, need=Need.TRADE, secret="", **permissions):
    """The way of a key that a person made at the venue and typed in."""
    made = practice.open_account_now("alpha", {"USDT": "100"}, permissions=permissions)
    return services.connection_add(
        actor=person.actor,
        venue="practice.alpha",
        label="Mine",
        credentials={"key": made.key, "secret": secret or made.secret},
        need=need,
        now=NOW,
    )


def assert_nothing_left() -> None:
    assert not Connection.objects.filter(removed_at=None).exists()
    assert not SealedField.objects.exists()
    assert not SecretSet.objects.exists()
    assert not OutboxMessage.objects.filter(topic__startswith="venues.").exists()


def test_a_key_is_kept_with_the_rights_that_the_venue_told(alice, practice):
    row = add(alice, practice)

    rights = selectors.connection_rights(row)
    assert (row.status, row.mode, row.need) == ("ACTIVE", "PAPER", "TRADE")
    assert (rights.can_read, rights.can_trade, rights.can_withdraw) == (True, True, False)
    assert OutboxMessage.objects.get(topic="venues.connection.added").payload == {
        "workspace_id": alice.actor.workspace_id,
        "connection_id": row.pk,
    }


def test_a_key_that_can_withdraw_is_refused_for_trading_and_nothing_is_left(alice, practice):
    with pytest.raises(errors.KeyCanWithdraw):
        add(alice, practice, withdraw=True)

    assert_nothing_left()


def test_a_key_that_can_withdraw_may_be_looked_through_and_says_so(alice, practice):
    row = add(alice, practice, need=Need.VIEW, withdraw=True)

    assert selectors.connection_rights(row).can_withdraw is True
    with pytest.raises(errors.ConnectionViewOnly):
        services.client_for(row.pk, need=Need.TRADE)


def test_a_key_that_may_not_trade_is_refused_for_trading(alice, practice):
    with pytest.raises(errors.KeyCannotTrade):
        add(alice, practice, trade=False)

    assert_nothing_left()


def test_a_wrong_secret_is_refused_and_nothing_is_left(alice, practice):
    with pytest.raises(errors.KeyRefused):
        add(alice, practice, secret="x" * 64)

    assert_nothing_left()


def test_an_unreachable_venue_leaves_nothing(alice, practice):
    practice.add_fault_now("alpha", "maintenance")

    with pytest.raises(errors.VenueUnavailable):
        add(alice, practice)
    assert_nothing_left()


def test_a_skewed_clock_is_measured_and_said(alice, practice):
    practice.add_fault_now("alpha", "clock_skew", ms=-120_000)

    with pytest.raises(errors.ClockSkewed) as caught:
        add(alice, practice)
    assert float(caught.value.context["seconds"]) == pytest.approx(120, abs=5)
    assert_nothing_left()


def test_missing_fields_are_named(alice, practice):
    with pytest.raises(errors.CredentialMissing) as caught:
        services.connection_add(
            actor=alice.actor,
            venue="binance",
            label="",
            credentials={"key": " "},
            need=Need.VIEW,
            now=NOW,
        )
    assert caught.value.details == {"credentials": {"key": "missing", "secret": "missing"}}


def test_the_plan_limits_connections(alice, practice):
    for venue in ("practice.alpha", "practice.beta"):
        paper_connection(alice, venue)

    with pytest.raises(PlanLimitReached):
        paper_connection(alice, "practice.gamma")
    assert Connection.objects.count() == 2


def test_a_viewer_adds_nothing(alice, practice):
    viewer = Actor(alice.actor.user_id, alice.actor.workspace_id, Role.VIEWER)

    with pytest.raises(RoleTooLow):
        services.practice_connection_open(
            actor=viewer, venue="practice.alpha", balances={}, now=NOW
        )
    assert_nothing_left()


def test_orders_go_through_the_pooled_client(alice, practice):
    row = paper_connection(alice)

    client = services.client_for(row.pk, need=Need.TRADE)
    receipt = client.place_order(TICKET)
    found = client.find_order(ORDER_ID, "BTC/USDT", sent_for=timedelta(seconds=9))

    assert (found.status, found.filled) == (ReceiptStatus.FILLED, Decimal("0.5"))
    assert receipt.venue_order_id == found.venue_order_id


def test_the_secret_is_opened_once_however_often_a_client_is_asked_for(alice, practice):
    row = paper_connection(alice)
    services.clients_forget()
    SecretAccess.objects.all().delete()

    for _ in range(5):
        services.client_for(row.pk, need=Need.VIEW).balances()

    assert [entry.purpose for entry in SecretAccess.objects.all()] == ["client VIEW"]


def test_a_view_client_cannot_trade_even_on_a_trading_connection(alice, practice):
    client = services.client_for(paper_connection(alice).pk, need=Need.VIEW)

    with pytest.raises(errors.ConnectionViewOnly):
        client.place_order(TICKET)
    with pytest.raises(errors.ConnectionViewOnly):
        client.cancel_order(ORDER_ID, "", "BTC/USDT")
    assert client.open_orders("BTC/USDT") == []


def test_a_paused_connection_gives_no_client_until_resumed(alice, practice):
    row = paper_connection(alice)
    services.connection_pause(actor=alice.actor, connection_id=row.pk, now=NOW)

    with pytest.raises(errors.ConnectionPaused):
        services.client_for(row.pk, need=Need.VIEW)
    services.connection_resume(actor=alice.actor, connection_id=row.pk, now=NOW)

    assert services.client_for(row.pk, need=Need.VIEW).balances()[0].free == Decimal(10_000)


def revoke(practice, row) -> None:
    practice.control("POST", f"alpha/accounts/{row.practice_account}/revoke", {})


def test_a_key_revoked_later_breaks_the_connection_and_says_so_once(alice, practice):
    row = paper_connection(alice)
    revoke(practice, row)

    for _ in range(2):
        tasks.rights_probe_all()

    row.refresh_from_db()
    assert (row.status, row.status_reason) == ("BROKEN", "VEN-0106")
    assert "does not accept this key" in selectors.connection_problem(row).message
    told = OutboxMessage.objects.get(topic="venues.connection.broken").payload
    assert (told["connection_id"], told["reason"]) == (row.pk, "VEN-0106")
    with pytest.raises(errors.ConnectionUnusable):
        services.client_for(row.pk, need=Need.VIEW)


def test_a_venue_that_does_not_answer_breaks_no_connection(alice, practice):
    row = paper_connection(alice)
    practice.add_fault_now("alpha", "http_5xx")

    tested = services.connection_test(actor=alice.actor, connection_id=row.pk, now=NOW)

    assert (tested.status, tested.status_reason) == ("ACTIVE", "VEN-0102")
    practice.clear_faults_now("alpha")
    tested = services.connection_test(actor=alice.actor, connection_id=row.pk, now=NOW)
    assert (tested.status, tested.status_reason) == ("ACTIVE", "")


def test_a_broken_connection_is_mended_by_a_test_that_works(alice, practice):
    row = paper_connection(alice)
    practice.add_fault_now("alpha", "clock_skew", ms=-120_000)
    broken = services.connection_test(actor=alice.actor, connection_id=row.pk, now=NOW)
    practice.clear_faults_now("alpha")

    mended = services.connection_test(actor=alice.actor, connection_id=row.pk, now=NOW)

    assert (broken.status, broken.status_reason) == ("BROKEN", "VEN-0105")
    assert (mended.status, mended.status_reason) == ("ACTIVE", "")
    assert OutboxMessage.objects.filter(topic="venues.connection.mended").count() == 1


def test_removing_destroys_the_secret_and_the_account(alice, practice):
    row = paper_connection(alice)

    services.connection_remove(actor=alice.actor, connection_id=row.pk, now=NOW)

    assert not SealedField.objects.exists()
    accounts = practice.control("GET", "alpha/accounts")["accounts"]
    assert [account["revoked"] for account in accounts] == [True]
    with pytest.raises(errors.ConnectionMissing):
        services.client_for(row.pk, need=Need.VIEW)


def test_a_connection_that_bots_use_stays(alice, practice, monkeypatch):
    row = paper_connection(alice)
    monkeypatch.setattr(registries, "connection_users", [lambda workspace, _: [(7, "Spreads")]])

    with pytest.raises(errors.ConnectionInUse, match="Spreads"):
        services.connection_remove(actor=alice.actor, connection_id=row.pk, now=NOW)
    assert services.client_for(row.pk, need=Need.VIEW).balances()


def test_the_same_ref_opens_one_account(alice, practice):
    first = paper_connection(alice, ref="demo:alpha")
    again = paper_connection(alice, ref="demo:alpha")

    assert first.pk == again.pk
    assert len(practice.control("GET", "alpha/accounts")["accounts"]) == 1


def test_paper_money_is_added_and_reset(alice, practice):
    row = paper_connection(alice)
    services.practice_top_up(
        actor=alice.actor, connection_id=row.pk, asset="btc", amount=Decimal("0.5"), now=NOW
    )
    after = {b.asset: b.free for b in services.client_for(row.pk, need=Need.VIEW).balances()}
    services.practice_reset(
        actor=alice.actor, connection_id=row.pk, balances={"USDT": Decimal(5)}, now=NOW
    )
    reset = services.client_for(row.pk, need=Need.VIEW).balances()

    assert after == {"USDT": Decimal(10_000), "BTC": Decimal("0.5")}
    assert {b.asset: b.free for b in reset if b.total} == {"USDT": Decimal(5)}


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e13", "0.000000001"])
def test_an_impossible_amount_is_refused(alice, practice, amount):
    row = paper_connection(alice)

    with pytest.raises(AmountInvalid):
        services.practice_top_up(
            actor=alice.actor, connection_id=row.pk, asset="USDT", amount=Decimal(amount), now=NOW
        )


def test_mallory_reaches_no_connection_of_alice(alice, mallory, practice):
    row = paper_connection(alice)
    asked = {"actor": mallory.actor, "connection_id": row.pk, "now": NOW}

    for service in (
        services.connection_test,
        services.connection_pause,
        services.connection_resume,
        services.connection_remove,
    ):
        with pytest.raises(errors.ConnectionMissing):
            service(**asked)
    with pytest.raises(errors.ConnectionMissing):
        services.practice_top_up(**asked, asset="USDT", amount=Decimal(1))
    with pytest.raises(errors.ConnectionMissing):
        services.practice_reset(**asked, balances={})
    assert selectors.connection_list(reader=mallory.actor) == []
    assert services.client_for(row.pk, need=Need.TRADE).balances()[0].free == Decimal(10_000)


def test_five_failures_open_the_circuit_and_pages_can_see_it(alice, practice):
    client = services.client_for(paper_connection(alice).pk, need=Need.VIEW)
    practice.add_fault_now("alpha", "http_5xx")

    for _ in range(5):
        with pytest.raises(errors.VenueUnavailable):
            client.balances()
    practice.clear_faults_now("alpha")
    with pytest.raises(errors.VenueUnavailable):  # refused here: the venue works again
        client.balances()

    (report,) = [r for r in circuit.states() if r.venue == "practice.alpha"]
    assert (report.state, report.failures) == (circuit.CircuitState.OPEN, 5)


def test_no_secret_reaches_a_log_an_error_or_a_row(alice, practice, caplog):
    caplog.set_level(logging.DEBUG)
    made = practice.open_account_now("alpha", {"USDT": "100"})
    wrong = made.secret[:-4] + "zzzz"
    texts = []
    for secret in (wrong, made.secret):
        try:
            row = services.connection_add(
                actor=alice.actor,
                venue="practice.alpha",
                label="",
                credentials={"key": made.key, "secret": secret},
                need=Need.TRADE,
                now=NOW,
            )
        except errors.KeyRefused as e:
            chain = [e, e.__cause__, e.__context__]
            texts += [f"{each!r} {each} {getattr(each, 'context', '')}" for each in chain]
    services.client_for(row.pk, need=Need.TRADE).place_order(TICKET)
    row.refresh_from_db()

    texts += [str(vars(row)), repr(services.clients._pools), caplog.text]
    texts += [str(list(AuditEntry.objects.values())), str(list(OutboxMessage.objects.values()))]
    texts += [str(list(SecretAccess.objects.values()))]
    everything = " ".join(texts)
    assert made.secret not in everything
    assert wrong not in everything
    assert made.key not in everything
