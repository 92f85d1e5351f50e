"""`manage.py run ROLE ...`: roles under the supervisor, on embedded servers where none are set."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cryonel import embedded, roles
from cryonel.messages import compile_stale
from cryonel.supervisor import Supervisor, end_with_uv
from cryonel.supervisor.children import enter, resolve


class Command(BaseCommand):
    help = "Run roles: " + ", ".join(roles.TARGETS) + ". Restarts what crashes; Ctrl-C stops all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("role", nargs="+", help="a role, or a kind of worker: worker:execution")
        parser.add_argument("--data-dir", help="where everything is kept (default: var/)")
        parser.add_argument("--listen", metavar="HOST:PORT", help="address of live or web")
        parser.add_argument("--direct", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **words: Any) -> None:
        try:
            wanted = [roles.role_named(label) for label in words["role"]]
        except roles.RoleUnknown as unknown:
            raise CommandError(str(unknown)) from unknown
        compile_stale(Path(settings.BASE_DIR))
        if words["listen"]:
            os.environ["CRYONEL_LISTEN"] = words["listen"]
        if words["direct"]:
            enter(wanted[0].environ)
            resolve(wanted[0].target)()
            return
        self._supervise(wanted)

    def _supervise(self, wanted: list[roles.Role]) -> None:
        """Exit codes: 0 after a signal, 1 when a service is missing."""
        end_with_uv()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        data_dir = embedded.default_data_dir()
        try:
            with embedded.running(data_dir) as servers:
                supervisor = Supervisor(log_dir=data_dir / "log", say=_say, servers=servers)
                try:
                    supervisor.start(wanted)
                    _say(f"Running: {', '.join(supervisor.pids)}. Logs: {supervisor.log_dir}")
                    supervisor.run()
                finally:
                    supervisor.stop()
        except embedded.ServiceUnavailable as sentence:
            raise CommandError(str(sentence)) from sentence
        except KeyboardInterrupt:
            _say("Stopped.")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _leave(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
