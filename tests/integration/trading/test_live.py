"""Pushed fragments: who gets them, what stands in them, and that they fit the pages."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone
from redis import RedisError

from apps.accounts.models import Membership, User
from apps.accounts.selectors import member_list
from apps.core import live as core_live
from apps.core.domain.errors import NotFound
from apps.core.domain.people import Role
from apps.core.ratelimit import store
from apps.core.registries import live_channels
from apps.trading import handlers_live, live, live_marks
from apps.trading.models import DecisionLog, Fill
from apps.trading.services import bots
from tests.integration.trading.conftest import desk_for

pytestmark = pytest.mark.django_db
CHANNELS = ["trades", "bots", "dashboard", "latency"]


@pytest.fixture(autouse=True)
def no_marks(db):
    for key in store().scan_iter("live:*"):
        store().delete(key)


@pytest.fixture
def member(desk):
    return member_list(workspace_id=desk.actor.workspace_id)[0]


class Ids(HTMLParser):
    """Every id with its tag, in the order of the text."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if number := dict(attrs).get("id"):
            self.found.append((tag, number))


def ids(html):
    parser = Ids()
    parser.feed(html)
    return parser.found


def frames(member, *channels, **changed):
    user = member.user.pk
    wanted = {f"{name}:{user}": f"group of {name}" for name in channels}
    told = live.frames_for(member, changed, wanted, timezone.now())
    return [(group, data["html"]) for group, _, data in told]


class TestWhoMayListen:
    @pytest.mark.parametrize("name", CHANNELS)
    def test_to_their_own_channels(self, desk, name):
        actor = desk.actor

        group = live_channels[name].group(actor, str(actor.user_id))

        assert group == f"{name}.{actor.workspace_id}.{actor.user_id}"

    @pytest.mark.parametrize("name", CHANNELS)
    @pytest.mark.parametrize("argument", ["", "0", "*", "all", "1.1"])
    def test_to_no_others(self, desk, mallory, name, argument):
        for asked in (argument, str(desk.actor.user_id)):
            with pytest.raises(NotFound, match="no such live channel"):
                live_channels[name].group(mallory.actor, asked)

    def test_to_decisions_of_their_own_bots(self, desk, mallory):
        listen = live_channels["decisions"].group
        actor, bot = desk.actor, desk.bot.pk

        assert listen(actor, str(bot)) == f"decisions.{actor.workspace_id}.{actor.user_id}.{bot}"
        for reader, asked in (
            (mallory.actor, str(bot)),
            (actor, "0"),
            (actor, "x"),
            (actor, "9" * 30),
        ):
            with pytest.raises(NotFound, match="no such live channel"):
                listen(reader, asked)


class TestFragments:
    def test_fills_come_as_rows_and_as_list_items_in_texts_of_their_own(self, desk, member):
        plan = desk.submit(desk.open())

        rows, items = [html for _, html in frames(member, "trades", plan={plan.pk})]

        numbers = list(Fill.objects.order_by("pk").values_list("pk", flat=True))
        assert ids(rows) == [("tr", f"trade-{number}") for number in numbers]
        assert ids(items) == [("li", f"latest-trade-{number}") for number in numbers]

    def test_a_closed_plan_shows_its_profit(self, desk, member):
        plan = desk.submit(desk.open())

        rows = frames(member, "trades", plan={plan.pk})[0][1]

        assert rows.count("+0.45") == 1

    def test_fills_of_other_workspaces_are_never_told(self, desk, monkeypatch):
        plan = desk.submit(desk.open())
        stranger = desk_for("mallory")
        reader = member_list(workspace_id=stranger.actor.workspace_id)[0]

        changed = {"plan": {plan.pk}, "bot": {desk.bot.pk}, "moved": {desk.bot.pk}}
        assert frames(reader, "trades", "bots", **changed) == []

    def test_figures_come_without_buttons(self, desk, member):
        pk = desk.bot.pk
        told = "".join(html for _, html in frames(member, "bots", "dashboard", bot={pk}))

        assert "<form" not in told
        assert {("td", f"bot-row-{pk}-profit"), ("div", f"bot-{pk}-profit")} <= set(ids(told))

    def test_a_bot_that_moved_comes_whole(self, desk, member):
        pk = desk.bot.pk
        told = frames(member, "bots", "dashboard", moved={pk})

        tops = [ids(html)[0] for _, html in told]
        assert tops == [
            ("tr", f"bot-row-{pk}"),
            ("div", f"bot-head-{pk}"),
            ("li", f"bot-{pk}"),
            ("dl", "dashboard-stats"),
        ]

    def test_a_renewed_part_still_listens_to_its_channel(self, desk, member):
        user = member.user.pk
        told = "".join(html for _, html in frames(member, "dashboard", "latency", order={1}))

        assert f'data-live-channel="dashboard:{user}"' in told
        assert f'data-live-channel="latency:{user}"' in told

    def test_what_nobody_looks_at_is_not_read(self, desk, member, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert frames(member, moved={desk.bot.pk}, order={1}) == []

    def test_each_member_reads_their_language_and_clock(self, desk):
        plan = desk.submit(desk.open())
        User.objects.update(language="de", time_zone="Asia/Tokyo")
        member = member_list(workspace_id=desk.actor.workspace_id)[0]

        rows = frames(member, "trades", plan={plan.pk})[0][1]

        assert "+0,45" in rows
        assert "+09:00" in rows

    def test_decisions_are_newest_last_because_each_goes_on_top(self, desk, member):
        now = timezone.now()
        made = [
            DecisionLog.objects.create(
                bot=desk.bot, code=code, minute=now, last_at=now + timedelta(seconds=n)
            ).pk
            for n, code in enumerate(["COOLDOWN", "CHURN"])
        ]
        wanted = {f"decisions:{desk.bot.pk}": "g"}

        told = live.frames_for(member, {"decided": {desk.bot.pk}}, wanted, now)

        assert ids(told[0][2]["html"]) == [("li", f"decision-{pk}") for pk in made]


class TestPages:
    """The parts that pushes look for stand on the pages that the server renders."""

    @pytest.fixture
    def site(self, desk, client):
        client.force_login(User.objects.get(pk=desk.actor.user_id))
        return client

    @pytest.mark.parametrize(
        ("path", "channels", "places"),
        [
            (
                "/dashboard/",
                ["trades", "dashboard", "latency"],
                {"latest-trade-", "bot-", "dashboard-stats", "latency"},
            ),
            ("/bots/", ["bots"], {"bot-row-"}),
            ("/bots/{bot}/", ["bots"], {"bot-head-"}),
            ("/trades/", ["trades"], {"trade-"}),
        ],
    )
    def test_pushed_parts_meet_their_places(self, desk, site, member, path, channels, places):
        plan = desk.submit(desk.open())
        page = site.get(path.format(bot=desk.bot.pk)).content.decode()
        changed = {"plan": {plan.pk}, "order": {1}, "moved": {desk.bot.pk}}

        told = [ids(html)[0] for _, html in frames(member, *channels, **changed)]
        met = set(told) & set(ids(page))

        assert {number.rstrip("0123456789") for _, number in met} == places
        assert all(f'data-live-channel="{name}:{member.user.pk}"' in page for name in channels)

    def test_rows_of_other_bots_do_not_fall_into_a_bots_own_trades(self, desk, site):
        desk.submit(desk.open())

        page = site.get(f"/bots/{desk.bot.pk}/trades/").content.decode()

        assert "data-live-prepend" not in page


class TestQueue:
    def marks(self, desk, *, delayed=False):
        return dict(live_marks.take(desk.actor.workspace_id, delayed=delayed))

    def test_the_first_change_is_pushed_at_once_and_the_next_ones_together(self, desk):
        workspace = desk.actor.workspace_id

        waits = [live_marks.add(workspace, f"order:{number}") for number in (1, 2, 3, 4)]

        assert waits == [0.0, 0.3, None, None]
        assert self.marks(desk) == {"order": {1, 2, 3, 4}}

    def test_what_comes_after_a_delayed_push_began_asks_for_another(self, desk):
        workspace = desk.actor.workspace_id
        for number in (1, 2):
            live_marks.add(workspace, f"order:{number}")
        self.marks(desk, delayed=True)

        assert live_marks.add(workspace, "order:3") == 0.3
        assert self.marks(desk) == {"order": {3}}

    def test_workspaces_do_not_share_marks(self, desk):
        live_marks.add(desk.actor.workspace_id + 1, "order:1")

        assert self.marks(desk) == {}

    def test_events_become_marks(self, desk, monkeypatch):
        seen = []
        monkeypatch.setattr(handlers_live, "page_touch", lambda _, *marks: seen.extend(marks))
        w = desk.actor.workspace_id

        handlers_live.bot_show(workspace_id=w, bot_id=3)
        handlers_live.plan_show(workspace_id=w, plan_id=5, bot_id=3, status="DONE")
        handlers_live.plan_show(workspace_id=w, plan_id=6, bot_id=None, status="DONE")
        handlers_live.fills_show(workspace_id=w, order_id=7, fills=2, status="FILLED")
        handlers_live.fills_show(workspace_id=w, order_id=8, fills=0, status="OPEN")

        assert seen == ["moved:3", "plan:5", "bot:3", "plan:6", "order:7"]

    def test_decisions_are_pushed_only_where_somebody_reads_them(self, desk, monkeypatch):
        seen = []
        monkeypatch.setattr(
            core_live, "listened_of", lambda _: {"decisions.4.9.3", "decisions.5.8.2"}
        )
        monkeypatch.setattr(handlers_live, "page_touch", lambda *touched: seen.append(touched))

        handlers_live.decisions_show({3, 7})

        assert seen == [(4, "decided:3")]

    def test_redis_down_breaks_no_event(self, desk, monkeypatch):
        def down(*_: object) -> None:
            raise RedisError

        monkeypatch.setattr(live_marks, "add", down)

        handlers_live.page_touch(desk.actor.workspace_id, "order:1")


def test_a_start_reaches_only_members_who_listen(
    desk, mallory, monkeypatch, django_capture_on_commit_callbacks
):
    """From the service through outbox, queue and task to the frames."""
    actor, sent = desk.actor, []
    Membership.objects.create(
        user_id=mallory.user.pk, workspace_id=actor.workspace_id, role=Role.VIEWER
    )
    heard = {core_live.group("bots", actor.workspace_id, actor.user_id)}
    monkeypatch.setattr(core_live, "listened", lambda groups: heard & set(groups))
    monkeypatch.setattr(core_live, "push_all", sent.extend)

    with django_capture_on_commit_callbacks(execute=True):
        bots.bot_stop(actor=actor, bot_id=desk.bot.pk, now=timezone.now())

    assert {(group, channel) for group, channel, _ in sent} == {
        (f"bots.{actor.workspace_id}.{actor.user_id}", f"bots:{actor.user_id}")
    }
    assert ids(sent[0][2]["html"])[0] == ("tr", f"bot-row-{desk.bot.pk}")
    assert 'data-status="STOPPED"' in sent[0][2]["html"]
