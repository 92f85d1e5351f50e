"""The live socket over the real Redis layer."""

from __future__ import annotations

import json

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connections
from django.utils import timezone

from apps.core import live, outbox
from apps.core.consumers import MOST_CHANNELS, LiveConsumer
from apps.core.domain.errors import PageMissing
from apps.core.models import OutboxMessage
from apps.core.registries import LiveChannel, live_channels
from tests.factories.accounts import person

pytestmark = pytest.mark.django_db(transaction=True)


def own_only(reader, argument):
    if argument.partition("/")[0] != str(reader.user_id):
        raise PageMissing
    return live.group("probe", reader.workspace_id, argument)


@pytest.fixture(autouse=True)
def probe(monkeypatch):
    monkeypatch.setitem(live_channels, "probe", LiveChannel("probe", own_only))


@pytest.fixture(autouse=True)
async def no_connection_stays(db):
    """The thread that asked the database for a socket keeps its connection otherwise."""
    yield
    await database_sync_to_async(connections.close_all)()


@pytest.fixture
def reader():
    return person("alice").actor


class Page:
    """A socket as a browser page holds it."""

    def __init__(self, reader):
        self.socket = WebsocketCommunicator(LiveConsumer.as_asgi(), "/ws/live/")
        self.socket.scope["reader"] = reader

    async def __aenter__(self):
        connected, _ = await self.socket.connect()
        assert connected
        return self

    async def __aexit__(self, *_):
        await self.socket.disconnect()

    async def ask(self, **message):
        await self.say(json.dumps(message))
        return await self.hear()

    async def say(self, text):
        await self.socket.send_to(text_data=text)

    async def hear(self):
        return json.loads(await self.socket.receive_from(timeout=5))


async def tell(reader, argument, data):
    group = live.group("probe", reader.workspace_id, argument)
    await live.push_async(group, f"probe:{argument}", data)


async def test_nobody_is_closed_with_4401():
    socket = WebsocketCommunicator(LiveConsumer.as_asgi(), "/ws/live/")
    socket.scope["reader"] = None

    assert await socket.connect() == (False, 4401)


async def test_the_own_channel_is_subscribed_and_its_frames_arrive(reader):
    channel = f"probe:{reader.user_id}"
    async with Page(reader) as page:
        answer = await page.ask(op="subscribe", channel=channel)
        await tell(reader, str(reader.user_id), {"net": "0.1"})

        assert answer == {"op": "subscribed", "channel": channel}
        assert await page.hear() == {"channel": channel, "data": {"net": "0.1"}}


async def test_a_foreign_channel_is_refused_and_told_nothing(reader):
    async with Page(reader) as page:
        answer = await page.ask(op="subscribe", channel=f"probe:{reader.user_id + 1}")
        await tell(reader, str(reader.user_id + 1), {"net": "0.1"})

        assert (answer["op"], answer["channel"]) == ("error", f"probe:{reader.user_id + 1}")
        assert answer["error"]["code"] == "NFD-0001"
        assert await page.ask(op="ping") == {"op": "pong"}  # the frame would have come before


@pytest.mark.parametrize(
    "channel", ["", "unknown:1", "probe", "probe:", "probe:\x00", "probe:" + "9" * 200]
)
async def test_a_channel_that_does_not_exist_is_refused(reader, channel):
    async with Page(reader) as page:
        answer = await page.ask(op="subscribe", channel=channel)

        assert answer["error"]["code"] == "NFD-0001"


async def test_what_is_unsubscribed_is_not_told(reader):
    channel = f"probe:{reader.user_id}"
    async with Page(reader) as page:
        await page.ask(op="subscribe", channel=channel)
        assert await page.ask(op="unsubscribe", channel=channel) == {
            "op": "unsubscribed",
            "channel": channel,
        }
        await tell(reader, str(reader.user_id), {})

        assert await page.ask(op="ping") == {"op": "pong"}


@pytest.mark.parametrize("text", ["{", "[]", "7", " ", '"ping"', '{"op": "dance"}', "{}"])
async def test_a_message_that_makes_no_sense_is_answered_and_the_socket_lives(reader, text):
    async with Page(reader) as page:
        await page.say(text)

        assert (await page.hear())["error"]["code"] == "VAL-0003"
        assert await page.ask(op="ping") == {"op": "pong"}


async def test_bytes_are_answered_and_the_socket_lives(reader):
    async with Page(reader) as page:
        await page.socket.send_to(bytes_data=b"\xff\x00")

        assert (await page.hear())["error"]["code"] == "VAL-0003"
        assert await page.ask(op="ping") == {"op": "pong"}


async def test_more_than_fifty_channels_are_refused(reader):
    async with Page(reader) as page:
        for number in range(MOST_CHANNELS):
            answer = await page.ask(op="subscribe", channel=f"probe:{reader.user_id}/{number}")
            assert answer["op"] == "subscribed"
        refused = await page.ask(op="subscribe", channel=f"probe:{reader.user_id}/one-more")

        assert (refused["op"], refused["error"]["code"]) == ("error", "VAL-0003")


async def test_subscribing_again_uses_up_nothing(reader):
    async with Page(reader) as page:
        for _ in range(MOST_CHANNELS + 1):
            answer = await page.ask(op="subscribe", channel=f"probe:{reader.user_id}")

        assert answer["op"] == "subscribed"


async def test_a_bug_behind_a_channel_is_answered_and_the_socket_lives(reader, monkeypatch):
    def broken(reader, argument):
        raise ZeroDivisionError

    monkeypatch.setitem(live_channels, "probe", LiveChannel("probe", broken))
    async with Page(reader) as page:
        answer = await page.ask(op="subscribe", channel="probe:1")

        assert answer["error"]["code"] == "SYS-0001"
        assert await page.ask(op="ping") == {"op": "pong"}


@database_sync_to_async
def log(workspace_id, count):
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            workspace_id=workspace_id, topic=f"t.{n}", payload={"n": n}, created_at=timezone.now()
        )
        for n in range(count)
    )
    outbox.number()


async def test_a_gap_is_replayed_in_order(reader):
    await log(reader.workspace_id, 5)
    async with Page(reader) as page:
        whole = (await page.ask(op="replay", lastEventId=0))["events"]
        gap = await page.ask(op="replay", lastEventId=whole[2]["seq"])

    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    assert gap == {"op": "replayed", "events": whole[3:]}


async def test_a_reader_learns_that_part_of_the_log_is_past_its_age(reader):
    await log(reader.workspace_id, 5)
    old = OutboxMessage.objects.filter(workspace_id=reader.workspace_id, seq__lt=4)
    await database_sync_to_async(old.delete)()
    async with Page(reader) as page:
        behind = await page.ask(op="replay", lastEventId=2)
        abreast = await page.ask(op="replay", lastEventId=3)

    assert behind["first_kept"] == 4
    assert "first_kept" not in abreast


async def test_a_replay_holds_nothing_of_other_workspaces(reader):
    stranger = await database_sync_to_async(person)("mallory")
    await log(stranger.actor.workspace_id, 3)
    async with Page(reader) as page:
        events = (await page.ask(op="replay", lastEventId=0))["events"]

    assert not [event for event in events if event["topic"].startswith("t.")]


@pytest.mark.parametrize("last", [None, "4", -1, 1.5, True, 10**30])
async def test_a_replay_from_nowhere_is_refused(reader, last):
    async with Page(reader) as page:
        answer = await page.ask(op="replay", lastEventId=last)

    assert (answer["error"]["code"], set(answer["error"]["details"])) == (
        "VAL-0003",
        {"lastEventId"},
    )


async def test_listened_names_the_groups_that_have_a_listener(reader):
    mine = live.group("probe", reader.workspace_id, str(reader.user_id))
    listened = database_sync_to_async(live.listened)
    async with Page(reader) as page:
        await page.ask(op="subscribe", channel=f"probe:{reader.user_id}")

        assert await listened([mine, "probe.nobody"]) == {mine}
        assert await database_sync_to_async(live.listened_of)("probe") == {mine}
