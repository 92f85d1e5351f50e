"""The order of a demo's start, its run and its end."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.ops.demo import market, readiness, schema, world
from apps.ops.demo.folder import DemoFolder
from apps.ops.demo.ports import free_port, open_listener
from apps.ops.demo.progress import Progress
from cryonel import embedded, roles
from cryonel.supervisor import Supervisor, fork_call

ROLES = ("live", "worker:execution", "worker:background", "beat", "engine", "guard")
EXPECTED = {"worker": 2}  # instances that must be seen before the demo is ready
SEED = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asked for; `port=None` means the first free one from 8000."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int | None = None
    fresh: bool = False
    exit_after: float | None = None
    source: market.Source = market.SIMULATED
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Ready:
    """What a person or program needs to begin."""

    url: str
    login_url: str
    api_token: str


class Demo:
    """Starts everything, hands out the addresses, watches, stops everything."""

    def __init__(self, options: DemoOptions, progress: Progress) -> None:
        self.options = options
        self.progress = progress
        self.folder = DemoFolder(options.data_dir)
        self.port = 0
        self._stack = contextlib.ExitStack()
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> Ready:
        """All steps up to readiness. What fails stops what was started, and raises."""
        options = self.options
        self.folder.take()
        self._stack.callback(self.folder.leave)
        listener = self._listen()
        if options.fresh:
            self.folder.clear()
        self.folder.mark()
        supervisor = self._supervisor = self._servers()
        self._migrate()
        self._practice(supervisor)
        with self.progress.step("demo world") as said:
            token = fork_call(world.seed)
            said.append(token.pop("said"))
        roles.inherited["live"] = listener
        with self.progress.step("roles") as said:
            supervisor.start([roles.role_named(label) for label in ROLES])
            said.append(", ".join(supervisor.pids))
        listener.close()
        with self.progress.step("ready"):
            readiness.wait_for_site(self.url, supervisor)
            self._await_roles(supervisor)
        self._note(supervisor)
        return Ready(
            url=self.url,
            login_url=self.url.rstrip("/") + str(token["login_path"]),
            api_token=str(token["api_token"]),
        )

    def watch(self) -> None:
        """Run until told to stop or `exit_after` seconds have passed."""
        if self._supervisor is not None:
            supervisor = self._supervisor
            supervisor.run(self.options.exit_after, on_tick=lambda: self._note(supervisor))

    @property
    def url(self) -> str:
        host = self.options.host
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - everywhere, so the name for here
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def _listen(self) -> socket.socket:
        listener = open_listener(self.options.host, self.options.port)
        self.port = listener.getsockname()[1]
        if self.options.port is None and self.port != 8000:
            self.progress.say(f"  Port 8000 is taken; the demo uses port {self.port}.")
        if self.options.host not in settings.ALLOWED_HOSTS:
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, self.options.host]
        return listener

    def _servers(self) -> Supervisor:
        servers = self._stack.enter_context(_owned(self.options.data_dir))
        with self.progress.step("database"):
            servers.start("postgres")
        with self.progress.step("broker"):
            servers.start("valkey")
        supervisor = Supervisor(
            log_dir=self.options.data_dir / "log", say=self.progress.say, servers=servers
        )
        self._stack.callback(self._stop, supervisor)
        return supervisor

    def _stop(self, supervisor: Supervisor) -> None:
        self.progress.say("Stopping ...")
        supervisor.stop()

    def _migrate(self) -> None:
        with self.progress.step("migrations") as said:
            said.append(fork_call(schema.bring_up_to_date))

    def _practice(self, supervisor: Supervisor) -> None:
        """Start the practice venue on a free port and tell everyone where it is."""
        port = free_port()
        config = self.options.data_dir / "practice" / "config.json"
        market.write_config(config, self.options.source, self.options.seed)
        told = {
            "CRYONEL_PRACTICE_URL": f"http://127.0.0.1:{port}",
            "CRYONEL_PRACTICE_TOKEN": self.folder.practice_token(),
            "CRYONEL_PRACTICE_CONFIG": str(config),
            "CRYONEL_PRACTICE_PORT": str(port),
        }
        os.environ.update(told)
        settings.PRACTICE_URL = told["CRYONEL_PRACTICE_URL"]
        settings.PRACTICE_TOKEN = told["CRYONEL_PRACTICE_TOKEN"]
        with self.progress.step("practice venue") as said:
            supervisor.start([roles.role_named("practice")])
            said.append(readiness.wait_for_practice(settings.PRACTICE_URL, supervisor))

    def _await_roles(self, supervisor: Supervisor) -> None:
        missing = fork_call(readiness.wait_for_roles, roles=EXPECTED)
        if missing:
            raise readiness.NotReady(
                f"No sign of life from: {', '.join(missing)}. Logs: {supervisor.log_dir}"
            )

    def _note(self, supervisor: Supervisor) -> None:
        facts: dict[str, Any] = {
            "url": self.url,
            "port": self.port,
            "practice_url": settings.PRACTICE_URL,
            "data_dir": str(self.options.data_dir),
            "pids": supervisor.pids,
            "seconds": {name: round(spent, 2) for name, spent in self.progress.seconds.items()},
        }
        if self.folder.runtime().get("pids") != facts["pids"]:
            self.folder.note(**facts)


@contextlib.contextmanager
def _owned(data_dir: Path) -> Iterator[embedded.Servers]:
    """The folder's servers, started by steps; those of another process are used as they are."""
    servers = embedded.Servers(embedded.place(data_dir))
    if not embedded.take(servers):
        with embedded.running(data_dir) as theirs:
            yield theirs
        return
    try:
        yield servers
    finally:
        servers.stop()
