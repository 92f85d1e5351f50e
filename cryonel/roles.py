"""The roles of the program: what `manage.py run ROLE` may start, and how each one blocks.

Heavy imports stand inside the functions: no role pays for a library it does not use.
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

logger = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
QUEUES = ("execution.priority", "execution", "sync", "scoring", "notify", "maintenance")
DEFAULT_CONCURRENCY = 8
TARGETS = {
    "practice": "apps.practice.main:main",
    "live": "cryonel.roles:live",
    "web": "cryonel.roles:web",
    "worker": "cryonel.roles:worker",
    "beat": "cryonel.roles:beat",
    "engine": "apps.trading.engine.main:main",
    "guard": "apps.trading.guard.main:main",
}
WORKER_KINDS = {
    "execution": ("execution.priority", "execution"),
    "background": ("sync", "scoring", "notify", "maintenance"),
}
inherited: dict[str, socket.socket] = {}  # listening sockets by role, opened before the fork


@dataclass(frozen=True, slots=True)
class Role:
    """One process to run: `target` is `module:function`, `label` names it to people."""

    label: str
    target: str
    environ: Mapping[str, str] = field(default_factory=dict)
    stops_last: bool = False

    def with_environ(self, **more: str) -> Role:
        return replace(self, environ={**self.environ, **more})


class RoleUnknown(ValueError):
    """The message lists what there is."""


def role_named(label: str) -> Role:
    """`live`, `engine`, ... or a worker of some queues, `worker:execution`."""
    name, _, kind = label.partition(":")
    if name not in TARGETS or (kind and (name != "worker" or kind not in WORKER_KINDS)):
        workers = [f"worker:{each}" for each in WORKER_KINDS]
        raise RoleUnknown(f"{label!r} is no role. Choose from {', '.join([*TARGETS, *workers])}.")
    environ = {"CRYONEL_WORKER_QUEUES": ",".join(WORKER_KINDS[kind])} if kind else {}
    return Role(label, TARGETS[name], environ, stops_last=name == "practice")


def live() -> None:
    """Daphne: sockets, and pages too. Serves an inherited listener, else CRYONEL_LISTEN."""
    _use_pool()
    from daphne import server as daphne
    from twisted.internet.endpoints import AdoptedStreamServerEndpoint

    from cryonel.asgi import application

    listener = _listener("live")
    listener.setblocking(False)

    def adopt(reactor: object, _description: str) -> object:
        return AdoptedStreamServerEndpoint(  # type: ignore[no-untyped-call]
            reactor, listener.fileno(), listener.family
        )

    # Daphne takes descriptions only, and Twisted has none for a socket that is open already.
    # The open one keeps its port, and its queue of callers, while this role is restarted.
    daphne.serverFromString = adopt
    daphne.Server(application, endpoints=["inherited"], action_logger=None, verbosity=0).run()


def web() -> None:
    """Granian (WSGI): pages and API in production."""
    from granian import Granian
    from granian.constants import Interfaces

    host, port = _address("web")
    Granian(
        "cryonel.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("CRYONEL_WEB_WORKERS", "2")),
        blocking_threads=8,
        log_access=False,
        websockets=False,
    ).serve()


def worker() -> None:
    """Celery with threads: jobs mostly wait for venues. Queues and threads by environment."""
    from celery.app.trace import setup_worker_optimizations

    from cryonel.celery import app, keep_connections

    app.set_current()
    app.set_default()
    keep_connections()
    setup_worker_optimizations(app)
    queues = os.environ.get("CRYONEL_WORKER_QUEUES") or ",".join(QUEUES)
    _beat_with_celery(queues)
    if "execution" in queues.split(","):
        _warm_with_celery()
    concurrency = int(os.environ.get("CRYONEL_WORKER_CONCURRENCY") or DEFAULT_CONCURRENCY)
    program = app.Worker(
        hostname=f"{queues.partition(',')[0]}.{os.getpid()}@{socket.gethostname()}",
        pool="threads",
        concurrency=concurrency,
        queues=queues,
        loglevel=os.environ.get("CRYONEL_LOG_LEVEL", "INFO"),
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    program.start()
    raise SystemExit(program.exitcode or 0)


def _beat_with_celery(queues: str) -> None:
    """Turn Celery's own heartbeat into the sign of life that the status page reads."""
    from celery.signals import heartbeat_sent

    instance = f"{socket.gethostname()}:{os.getpid()}"
    last = 0.0

    def alive(**_: object) -> None:
        nonlocal last
        if time.monotonic() - last < BEAT_SECONDS:
            return
        last = time.monotonic()
        from django.db import DatabaseError
        from django.utils import timezone

        from apps.core import beats

        try:
            beats.beat(role="worker", instance=instance, now=timezone.now(), queues=queues)
        except DatabaseError:
            logger.exception("worker.beat_failed")

    heartbeat_sent.connect(alive, weak=False)


def _warm_with_celery() -> None:
    """A worker that sends orders has its venue clients ready before the first one."""
    from celery.signals import worker_ready

    def begin(**_: object) -> None:
        from apps.trading.warming import keep_warm

        gc.freeze()  # what is loaded now stays: collecting among it stops every task for 80 ms
        threading.Thread(target=keep_warm, name="warming", daemon=True).start()

    worker_ready.connect(begin, weak=False)


def beat() -> None:
    """Celery's clock over the database's schedule."""
    from cryonel.celery import app

    app.set_current()
    app.set_default()
    app.Beat(
        scheduler="django_celery_beat.schedulers:DatabaseScheduler",
        max_interval=2,
        loglevel=os.environ.get("CRYONEL_LOG_LEVEL", "INFO"),
        quiet=True,
    ).run()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that forked roles inherit. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def keep_listener_of(role: str) -> None:
    """In a forked role: close the listening sockets that belong to others."""
    for name in [name for name in inherited if name != role]:
        inherited.pop(name).close()


def _listener(role: str) -> socket.socket:
    return inherited.get(role) or listen(*_address(role))


def _address(role: str) -> tuple[str, int]:
    """Where to listen: CRYONEL_LISTEN as HOST:PORT, set by `manage.py run --listen`."""
    host, _, port = os.environ.get("CRYONEL_LISTEN", "127.0.0.1:8000").rpartition(":")
    return host.strip("[]"), int(port)


def _use_pool() -> None:
    """Under ASGI many short-lived threads each keep a connection: a pool bounds them."""
    from django.db import connections

    settings = connections["default"].settings_dict
    settings["CONN_MAX_AGE"] = 0
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}
