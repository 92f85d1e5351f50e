"""Children of the supervisor: forked where that is safe (Linux), started anew elsewhere."""

from __future__ import annotations

import contextlib
import gc
import json
import logging.config
import os
import random
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from cryonel.embedded.process import die_with_parent
from cryonel.roles import Role, keep_listener_of
from cryonel.supervisor.sentinel import signal_group

REPOSITORY = Path(__file__).resolve().parents[2]
LOG_MAX_BYTES = 20_000_000


class Child:
    """One running process of a role. `pid` is also its process group."""

    def __init__(self, pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._process = process
        self._code: int | None = None

    def ended_with(self) -> int | None:
        """The exit code (negative: the signal) once it has ended, else None."""
        if self._code is not None:
            return self._code
        if self._process is not None:
            self._code = self._process.poll()
            return self._code
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            self._code = 0
            return self._code
        if pid:
            self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def terminate(self) -> None:
        """Ask it to end; its own children are its business until `kill`."""
        if self.ended_with() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL the whole process group, whatever is left in it."""
        if sys.platform == "win32":
            if self._process is not None:
                self._process.kill()
            return
        signal_group(self.pid, signal.SIGKILL)


def can_fork() -> bool:
    """macOS forbids much of its own libraries after a fork, Windows has none."""
    return sys.platform == "linux"


def start(role: Role, log: Path, before: Callable[[], None]) -> Child:
    """Start `role`; its output goes to `log`. `before` runs first in a forked child."""
    log.parent.mkdir(parents=True, exist_ok=True)
    trim(log)
    if can_fork():
        return _forked(role, log, before)
    words = [sys.executable, str(REPOSITORY / "manage.py"), "run", "--direct", role.label]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **role.environ},
            start_new_session=True,
        )
    return Child(process.pid, process)


def fork_call(work: Callable[..., Any], **words: Any) -> Any:
    """Run `work` in a forked child and return its JSON-able answer.

    For what must not happen in the supervisor itself: it opens connections, starts threads, loads
    much. Raises RuntimeError with the child's own words when it fails. Where forking is not
    safe, it runs here: roles are separate programs there anyway.
    """
    if not can_fork():
        return work(**words)
    _close_connections()
    reader, writer = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _settle(parent)
        _answer(writer, work, words)
    os.close(writer)
    try:
        with os.fdopen(reader) as said:
            text = said.read()
    finally:
        signal_group(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    outcome = json.loads(text or '{"failed": "it was killed"}')
    if "failed" in outcome:
        raise RuntimeError(outcome["failed"])
    return outcome["answer"]


def trim(log: Path) -> None:
    """Keep a log readable: past 20 MB its content moves to `.1` and it starts again.

    Writers append, so cutting the file under them is safe.
    """
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_MAX_BYTES:
            log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
            os.truncate(log, 0)


def resolve(target: str) -> Callable[[], None]:
    """`package.module:function` as the function."""
    module, _, name = target.partition(":")
    found: Callable[[], None] = getattr(import_module(module), name)
    return found


def _forked(role: Role, log: Path, before: Callable[[], None]) -> Child:
    _close_connections()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # what both share is not copied by the collector's marks
    pid = os.fork()
    if pid == 0:
        before()
        keep_listener_of(role.label)
        _settle(parent)
        _redirect(log)
        _run(role)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # whoever of the two comes first
    return Child(pid)


def _settle(parent: int) -> None:
    """Become a process of our own: group, signals, randomness; and mortal with the parent."""
    with contextlib.suppress(PermissionError):
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM, parent)
    random.seed()


def _redirect(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(nothing)
    os.close(out)


def _run(role: Role) -> None:
    code = 1
    try:
        enter(role.environ)
        resolve(role.target)()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001 - the top of a process: say it, then end
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def enter(environ: Mapping[str, str]) -> None:
    """Take on a role's environment; its log file holds one JSON object a line."""
    from django.conf import settings

    from cryonel.logs import logging_config

    os.environ.update(environ)
    level = os.environ.get("CRYONEL_LOG_LEVEL", "INFO")
    config = logging_config(json_lines=True, level=level)
    logging.config.dictConfig(config)
    if settings.configured:  # Celery sets Django up once more, and its logging with it
        settings.LOGGING = config


def _answer(writer: int, work: Callable[..., Any], words: dict[str, Any]) -> None:
    code = 1
    try:
        outcome: dict[str, Any] = {"answer": work(**words)}
        code = 0
    except BaseException as failure:  # noqa: BLE001 - the parent reports it
        traceback.print_exc()
        outcome = {"failed": f"{type(failure).__name__}: {failure}"}
    try:
        with os.fdopen(writer, "w") as told:
            json.dump(outcome, told)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _close_connections() -> None:
    """A connection shared by two processes corrupts both: the parent keeps none across a fork."""
    from django.conf import settings

    if settings.configured:
        from django.db import connections

        connections.close_all()
