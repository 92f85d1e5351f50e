"""Who may listen to what over the live socket."""

from __future__ import annotations

from apps.core import live
from apps.core.domain.people import Reader
from apps.trading.domain.errors import ChannelMissing


def trades_group(reader: Reader, argument: str) -> str:
    """`trades:{user_id}`: one's own fills and finished plans. Raises ChannelMissing."""
    if reader.user_id is None or argument != str(reader.user_id):
        raise ChannelMissing
    return live.group("trades", reader.workspace_id, reader.user_id)
