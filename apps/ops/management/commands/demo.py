"""`manage.py demo`: everything, on embedded servers, behind one address."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.ops.demo import market
from apps.ops.demo.folder import FolderRefused
from apps.ops.demo.launch import SEED, Demo, DemoOptions, Ready
from apps.ops.demo.ports import PortTaken
from apps.ops.demo.progress import Progress
from apps.ops.demo.readiness import NotReady
from cryonel.embedded import ServiceUnavailable, default_data_dir
from cryonel.messages import compile_stale
from cryonel.supervisor import end_with_uv

ANTICIPATED = (FolderRefused, PortTaken, NotReady, ServiceUnavailable, market.SourceUnknown)


class Command(BaseCommand):
    help = "Start CRYONEL with a demo world: database, broker, practice venue and all roles."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add("--port", type=int, help="port of the site (default: the first free one from 8000)")
        add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        add("--data-dir", help="where everything is kept (default: var/)")
        add("--fresh", action="store_true", help="delete an earlier demo's data first")
        add("--json", action="store_true", help="print one line of JSON: url, login_url, api_token")
        add("--exit-after", type=float, metavar="SECONDS", help="stop by itself after this time")
        add("--source", default="simulated", help="simulated, recorded:PATH or live:EXCHANGE")
        add("--seed", type=int, default=SEED, help="another number makes another simulated market")

    def handle(self, *args: Any, **words: Any) -> None:
        end_with_uv()
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGHUP, _leave)
        compile_stale(Path(settings.BASE_DIR))  # the pages' other languages
        progress = Progress(lambda line: print(line, file=sys.stderr, flush=True))
        try:
            with Demo(self._options(words), progress) as demo:
                progress.say("Starting CRYONEL ...")
                ready = demo.start()
                self._announce(ready, progress, as_json=words["json"])
                demo.watch()
        except ANTICIPATED as sentence:
            raise CommandError(str(sentence)) from sentence
        except RuntimeError as failed:
            raise CommandError(f"A step failed: {failed}") from failed
        except KeyboardInterrupt:
            progress.say("Stopped.")

    def _options(self, words: dict[str, Any]) -> DemoOptions:
        chosen = words["data_dir"] or default_data_dir()
        return DemoOptions(
            data_dir=Path(chosen).resolve(),
            host=words["host"],
            port=words["port"],
            fresh=words["fresh"],
            exit_after=words["exit_after"],
            source=market.Source.parse(words["source"]),
            seed=words["seed"],
        )

    def _announce(self, ready: Ready, progress: Progress, *, as_json: bool) -> None:
        if as_json:
            print(json.dumps(asdict(ready)), flush=True)
        progress.say(f"\nCRYONEL is ready after {progress.total:.1f} s.\n")
        progress.say(f"  Site          {ready.url}")
        if not as_json:
            progress.say(f"  Sign in once  {ready.login_url}")
            progress.say(f"  API token     {ready.api_token}")
        progress.say("\nCtrl-C stops everything; the data stay.")


def _leave(number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
