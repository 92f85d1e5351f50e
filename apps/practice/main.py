"""The practice role: reads its environment, serves until SIGTERM or SIGINT, leaves cleanly.

CRYONEL_PRACTICE_CONFIG  path of the JSON configuration; without it the demo's three instances
CRYONEL_PRACTICE_PORT    port; 0 (default) takes a free one; told in <data>/practice/port
CRYONEL_PRACTICE_HOST    address to listen on, default 127.0.0.1
CRYONEL_PRACTICE_TOKEN   bearer token of the control address; mandatory
CRYONEL_DATA_DIR         data folder, default var; everything is kept under <data>/practice/
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from apps.practice.config import ConfigInvalid, config_load, config_parse
from apps.practice.demo import demo_config
from apps.practice.domain.rules import RulesImpossible
from apps.practice.journal import JournalBusy, JournalDamaged
from apps.practice.server import serve
from apps.practice.sources import SourceUnavailable

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop; a wrong configuration ends with status 2 and a sentence."""
    token = os.environ.get("CRYONEL_PRACTICE_TOKEN", "")
    if not token:
        sys.exit("CRYONEL_PRACTICE_TOKEN is not set: the control address needs a token.")
    folder = Path(os.environ.get("CRYONEL_DATA_DIR") or "var") / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    path = os.environ.get("CRYONEL_PRACTICE_CONFIG")
    host = os.environ.get("CRYONEL_PRACTICE_HOST") or "127.0.0.1"
    port = int(os.environ.get("CRYONEL_PRACTICE_PORT") or 0)
    try:
        config = config_load(Path(path)) if path else config_parse(demo_config())
        asyncio.run(_until_stopped(serve(config, host, port, folder, token)))
    except (ConfigInvalid, RulesImpossible, SourceUnavailable) as wrong:
        sys.stderr.write(f"The practice venue cannot start: {wrong}\n")
        sys.exit(2)
    except (JournalBusy, JournalDamaged) as wrong:
        sys.stderr.write(f"The practice venue does not trust its journal: {wrong}\n")
        sys.exit(3)


async def _until_stopped(serving: Coroutine[None, None, None]) -> None:
    """Run the server as a task that a signal cancels; the journal is flushed on the way out."""
    task = asyncio.create_task(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
