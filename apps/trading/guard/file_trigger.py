"""An operator's last resort: a file `KILL` in the data folder, taken within a second.

It holds HALT, CANCEL or FLATTEN, alone for the whole platform or with `workspace N`. What cannot
be read halts the platform: somebody wanted something stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings

from apps.core.domain.people import Actor
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.models import KillRun, TradingAccount
from apps.trading.services.kill import kill_request
from apps.trading.services.kill_states import PLATFORM_ID

logger = structlog.get_logger(__name__)
NAME = "KILL"
WORDS = re.compile(r"(HALT|CANCEL|FLATTEN)(?:\s+workspace\s+([0-9]{1,18}))?", re.IGNORECASE)
LONGEST = 200  # bytes that are read


@dataclass(frozen=True, slots=True)
class Wish:
    """readable False: HALT of the platform, because the text said nothing that is known."""

    command: KillCommand
    workspace_id: int | None
    text: str
    readable: bool = True


def wish_of(text: str) -> Wish:
    found = WORDS.fullmatch(text.strip())
    if found is None:
        return Wish(KillCommand.HALT, None, text.strip()[:60], readable=False)
    number = None if found[2] is None else int(found[2])
    return Wish(KillCommand(found[1].upper()), number, text.strip())


def file_take(*, now: datetime, folder: Path | None = None) -> KillRun | None:
    """Carry out what the file says and rename it to `KILL.taken-<time>`. None: there is no file.

    Asked for first, renamed second: a guard that dies between both asks again, which is safe.
    """
    path = (folder or Path(settings.DATA_DIR)) / NAME
    try:
        text = path.read_bytes()[:LONGEST].decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        text = "?"  # a folder, or a file that we may not read
    wish = wish_of(text)
    if wish.workspace_id is not None and not _known(wish.workspace_id):
        wish = Wish(KillCommand.HALT, None, wish.text, readable=False)
    if not wish.readable:
        logger.error("guard.kill_file_unreadable", text=wish.text, instead="HALT of the platform")
    scope = KillScope.PLATFORM if wish.workspace_id is None else KillScope.WORKSPACE
    run = kill_request(
        actor=Actor.platform(wish.workspace_id or PLATFORM_ID),
        scope=scope,
        command=wish.command,
        origin=KillOrigin.FILE,
        reason=f"{NAME}: {wish.text}",
        now=now,
    )
    logger.warning("guard.kill_file_taken", command=wish.command.value, run_id=run.pk)
    try:
        path.rename(path.with_name(f"{NAME}.taken-{now:%Y%m%dT%H%M%S}-{run.pk}"))
    except OSError:
        logger.exception("guard.kill_file_not_renamed", path=str(path))
    return run


def _known(workspace_id: int) -> bool:
    return TradingAccount.objects.filter(workspace_id=workspace_id).exists()
