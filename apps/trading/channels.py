"""Who may listen to what over the live socket."""

from __future__ import annotations

from apps.core import live
from apps.core.domain.people import Reader
from apps.core.registries import LiveChannel
from apps.trading import selectors
from apps.trading.domain.errors import BotMissing, ChannelMissing


def trades_group(reader: Reader, argument: str) -> str:
    """`trades:{user_id}`: one's own fills and finished plans. Raises ChannelMissing."""
    return _own("trades", reader, argument)


def bots_group(reader: Reader, argument: str) -> str:
    """`bots:{user_id}`: rows of one's bots. Raises ChannelMissing."""
    return _own("bots", reader, argument)


def dashboard_group(reader: Reader, argument: str) -> str:
    """`dashboard:{user_id}`: one's figures. Raises ChannelMissing."""
    return _own("dashboard", reader, argument)


def orders_group(reader: Reader, argument: str) -> str:
    """`orders:{user_id}`: rows of orders placed one by one. Raises ChannelMissing."""
    return _own("orders", reader, argument)


def latency_group(reader: Reader, argument: str) -> str:
    """`latency:{user_id}`: how fast one's orders are. Raises ChannelMissing."""
    return _own("latency", reader, argument)


def decisions_group(reader: Reader, argument: str) -> str:
    """`decisions:{bot_id}`: why one's bot did or did not trade. Raises ChannelMissing."""
    if not (argument.isdecimal() and argument.isascii() and len(argument) <= 18):
        raise ChannelMissing
    try:
        bot = selectors.bot_get(reader=reader, bot_id=int(argument))
    except BotMissing as e:
        raise ChannelMissing from e
    return live.group("decisions", reader.workspace_id, reader.person, bot.pk)


CHANNELS = (
    LiveChannel("trades", trades_group),
    LiveChannel("bots", bots_group),
    LiveChannel("dashboard", dashboard_group),
    LiveChannel("latency", latency_group),
    LiveChannel("orders", orders_group),
    LiveChannel("decisions", decisions_group),
)


def _own(name: str, reader: Reader, argument: str) -> str:
    """The group is made of who reads; the argument must only agree with it."""
    if reader.user_id is None or argument != str(reader.user_id):
        raise ChannelMissing
    return live.group(name, reader.workspace_id, reader.user_id)
