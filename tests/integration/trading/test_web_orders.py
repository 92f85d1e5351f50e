"""The ticket and the orders pages, on a real practice venue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from apps.trading.models import Order, OrderGroup
from apps.venues.domain.ports import Side
from tests.integration.trading.tills import D, Till, till_open

PAGES = ["/trade/", "/orders/", "/orders/?view=history", "/orders/{order}/"]
POSTS = [
    "/trade/send/",
    "/orders/cancel/",
    "/orders/{order}/cancel/",
    "/orders/groups/{group}/cancel/",
]


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened:
        yield opened


@pytest.fixture
def browser(till) -> Client:
    from apps.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(pk=till.actor.user_id))
    return client


def filled(till: Till, **more: str) -> dict[str, str]:
    boring = {
        "connection": str(till.link.pk),
        "symbol": "btc/usdt",
        "side": "buy",
        "kind": "limit",
        "size": "1",
        "size_in": "quantity",
        "limit_price": "90",
        "time_in_force": "GTC",
    }
    return boring | more


def test_review_says_what_it_costs_and_places_nothing(till, browser):
    page = browser.post("/trade/", filled(till, kind="market", limit_price="")).content.decode()

    assert "Check your order" in page
    assert "100.5" in page  # the bound
    assert not Order.objects.exists()


def test_a_confirmed_ticket_is_placed_once_however_often_it_is_sent(till, browser):
    sent = filled(till) | {"key": "once"}

    answers = [browser.post("/trade/send/", sent) for _ in range(2)]

    order = Order.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/orders/{order.pk}/"}
    assert (order.status, order.created_by) == ("OPEN", till.actor.user_id)


def test_what_is_wrong_stands_at_its_field(till, browser):
    page = browser.post("/trade/", filled(till, limit_price="90.001")).content.decode()

    assert "it is no step of the pair" in page


def test_a_share_of_the_free_balance_is_sized_for_it(till, browser):
    sent = filled(till, side="sell", size="50", size_in="percent", limit_price="110")

    browser.post("/trade/send/", sent | {"key": "once"})

    assert Order.objects.get().quantity == D("2.5")


def test_the_preview_shows_the_price_and_the_cost(till, browser):
    page = browser.post("/trade/preview/", filled(till, kind="market")).content.decode()

    assert "99.9" in page
    assert "Never worse than" in page


def test_open_orders_say_where_they_wait(till, browser):
    till.bracket("100", till.profit("110"), till.stop("95"))

    page = browser.get("/orders/").content.decode()

    assert "waits in CRYONEL" in page
    assert "at the exchange" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stop_trigger": "95"}, {"at-market"}),
        ({"stop_trigger": "95", "stop_limit": "94"}, set()),
        ({"stop_trigger": "95", "profit_price": "110"}, {"at-market", "profit-here"}),
    ],
)
def test_review_says_what_a_stop_at_the_exchange_means(till, browser, fields, said):
    page = browser.post("/trade/", filled(till, kind="limit", limit_price="100") | fields)

    text = page.content.decode()
    assert {each for each in ("at-market", "profit-here") if f'id="{each}"' in text} == said


def test_a_stop_that_the_exchange_did_not_keep_says_so(till, browser):
    group = till.bracket("100", till.stop("95"))
    stop = till.roles(group)["STOP_LOSS"]
    Order.objects.filter(pk=stop.pk).update(status="ARMED", reason="STOP_NOT_AT_VENUE")

    assert "not at the exchange" in browser.get("/orders/").content.decode()
    assert "did not keep this stop" in browser.get(f"/orders/{stop.pk}/").content.decode()


def test_a_position_without_an_exit_is_shown_loudly(till, browser):
    group = till.bracket("100", till.stop("95"))
    OrderGroup.objects.filter(pk=group.pk).update(status="NEEDS_ATTENTION", reason="EXIT_FAILED")

    assert "has no exit" in browser.get("/orders/").content.decode()


def test_a_refused_order_tells_why_on_its_page(till, browser):
    order = till.limit(Side.BUY, "9999", "100")

    page = browser.get(f"/orders/{order.pk}/").content.decode()

    assert "Nothing was sent" in page


def test_cancel_all_ends_every_open_order_by_hand(till, browser):
    till.limit(Side.BUY, "1", "99")
    till.oco(till.profit("110"), till.stop("95"))

    browser.post("/orders/cancel/", {"confirm": "CANCEL"})

    assert not Order.objects.filter(closed_at=None).exists()


def test_the_open_list_costs_the_same_for_one_order_and_for_many(
    till, browser, django_assert_max_num_queries
):
    for number in range(6):
        till.limit(Side.BUY, "0.1", str(99 + number / 100))

    with django_assert_max_num_queries(25):
        browser.get("/orders/")


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_for_their_owner_only(till, browser, mallory, page):
    order = till.limit(Side.BUY, "1", "99")
    address = page.format(order=order.pk)
    stranger = Client()
    stranger.force_login(mallory.user)

    assert browser.get(address).status_code == 200
    assert Client().get(address).status_code == 302
    answer = stranger.get(address)
    if "{order}" in page:
        assert answer.status_code == 404
    else:
        assert f"/orders/{order.pk}/" not in answer.content.decode()


@pytest.mark.parametrize("address", POSTS)
def test_strangers_change_nothing(till, mallory, address):
    till.oco(till.profit("110"), till.stop("95"))
    order, group = Order.objects.first(), OrderGroup.objects.get()
    before = set(Order.objects.values_list("pk", "status"))
    stranger = Client()
    stranger.force_login(mallory.user)

    stranger.post(address.format(order=order.pk, group=group.pk), filled(till) | {"key": "k"})
    Client().post(address.format(order=order.pk, group=group.pk), filled(till) | {"key": "k"})

    assert set(Order.objects.values_list("pk", "status")) == before
