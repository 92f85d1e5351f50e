"""PostgreSQL for one data folder: made once, started in well under a second, on a socket only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .binaries import PostgresPrograms, postgres_programs, readable_by_others
from .errors import ServiceUnavailable
from .places import LOCATION_NOTE, POSTGRES_SOCKET_NAME, SYSTEM_HOME, Place, is_root
from .process import (
    Account,
    command_line,
    is_alive,
    private_folder,
    service_account,
    spawn,
    stop,
    wait_until,
)

USER = "cryonel"
DATABASE = "cryonel"
START_SECONDS = 60.0  # crash recovery included
STATUS_LINE = 7  # of postmaster.pid, counted from 0: "ready" when connections are accepted
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "huge_pages": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def is_serving(place: Place) -> bool:
    """Whether a PostgreSQL of this data folder accepts connections now."""
    pid, status = _pid_file(place)
    if pid is None or status != "ready" or not is_alive(pid):
        return False
    return _answers(place)


def start(place: Place, *, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start PostgreSQL and wait until it serves; the caller holds the data folder's lock.

    `durable=False` trades crash safety for speed, for tests. Raises ServiceUnavailable with the
    end of the log when it does not come up.
    """
    account = _account(place)
    _prepare_home(place, account)
    programs = postgres_programs(_cluster_major(place))
    if account is not None:
        programs = readable_by_others(programs)
    if not place.cluster.exists():
        _create(place, programs, account)
    private_folder(place.postgres_socket_dir, account)
    _clear_leftovers(place)
    return _launch(place, programs, account, SETTINGS if durable else SETTINGS | FORGETFUL)


def shut_down(process: subprocess.Popen[bytes]) -> None:
    """Fast stop: sessions are cut, everything committed is on disk."""
    stop(process, (signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))


def _account(place: Place) -> Account | None:
    """Whom to run as: ourselves, or under root the owner of the cluster or a system user."""
    if not is_root():
        return None
    with contextlib.suppress(FileNotFoundError):
        owner = place.cluster.stat()
        if owner.st_uid:
            return Account(owner.st_uid, owner.st_gid)
    return service_account()


def _prepare_home(place: Place, account: Account | None) -> None:
    if place.moved_out:
        place.data_dir.mkdir(parents=True, exist_ok=True)
        SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        (place.data_dir / LOCATION_NOTE).write_text(
            f"{place.postgres_home}\n\nPostgreSQL cannot run as root, and its own user cannot pass "
            "through the parents of this folder,\nso the database of this data folder is kept at "
            "the path in the first line.\n"
        )
    private_folder(place.postgres_home, account)


def _cluster_major(place: Place) -> int | None:
    try:
        return int((place.cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except PermissionError:
        raise ServiceUnavailable(
            f"{place.cluster} belongs to another user. Start CRYONEL as that user, or choose "
            "another folder with --data-dir."
        ) from None


def _create(place: Place, programs: PostgresPrograms, account: Account | None) -> None:
    """Make the cluster beside its place and move it there whole, so a crash leaves no half one."""
    fresh = place.cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    locale = ["--locale=C"]
    if programs.major >= 17:  # Unicode rules without the system's locales
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb: list[str | Path] = [programs.folder / "initdb", "-D", fresh, "-U", USER, "--auth=trust"]
    _run([*initdb, "--encoding=UTF8", "--no-instructions", *locale], account)
    single: list[str | Path] = [programs.folder / "postgres", "--single", "-D", fresh, "postgres"]
    _run(single, account, said=f'CREATE DATABASE "{DATABASE}"\n')
    fresh.rename(place.cluster)


def _run(argv: list[str | Path], account: Account | None, said: str = "") -> None:
    result = subprocess.run(  # noqa: S603
        [os.fspath(word) for word in argv],
        input=said,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode:
        tail = (result.stdout + result.stderr).strip()[-800:]
        raise ServiceUnavailable(f"PostgreSQL could not create its files: {tail}")


def _launch(
    place: Place, programs: PostgresPrograms, account: Account | None, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    log = place.log_dir / "postgres.log"
    argv: list[str | Path] = [programs.folder / "postgres"]
    argv += ["-D", place.cluster, "-k", place.postgres_socket_dir]
    argv += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    began = log.stat().st_size if log.exists() else 0
    process = spawn(argv, log=log, death=signal.SIGINT, account=account)
    ready = wait_until(
        lambda: process.poll() is not None or _is_ready(place, process.pid), START_SECONDS
    )
    if ready and process.poll() is None:
        return process
    shut_down(process)
    with log.open("rb") as said:
        said.seek(min(began, log.stat().st_size))
        tail = said.read().decode(errors="replace").strip()[-800:]
    raise ServiceUnavailable(f"PostgreSQL did not start. Its log, {log}, ends with: {tail}")


def _is_ready(place: Place, pid: int) -> bool:
    return _pid_file(place) == (pid, "ready") and _answers(place)


def _clear_leftovers(place: Place) -> None:
    """After a kill -9: wait for what is still ending, then drop the lock files it left.

    PostgreSQL itself only handles a pid file whose process is gone. One that names a zombie, or
    another program that was given the number since (a restarted container), would stop it.
    """
    pid, _ = _pid_file(place)
    if pid is not None and is_alive(pid) and _is_ours(pid, place):
        _end_orphan(pid)
    if not wait_until(lambda: not _backends(place), 10.0):
        return  # PostgreSQL will refuse, and its log says why
    if pid is not None and not (is_alive(pid) and _is_ours(pid, place)):
        (place.cluster / "postmaster.pid").unlink(missing_ok=True)
    for name in (POSTGRES_SOCKET_NAME, f"{POSTGRES_SOCKET_NAME}.lock"):
        (place.postgres_socket_dir / name).unlink(missing_ok=True)


def _end_orphan(pid: int) -> None:
    """Nobody owns this server any more (we hold the lock): let it finish its fast stop."""
    for number, seconds in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_until(lambda: not is_alive(pid), seconds):
            return


def _is_ours(pid: int, place: Place) -> bool:
    words = command_line(pid)
    return "postgres" in words and os.fspath(place.cluster) in words


def _backends(place: Place) -> list[int]:
    """Processes that work inside the cluster's folder; they end soon after their postmaster."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd") == os.fspath(place.cluster):
                found.append(int(entry.name))
    return found


def _pid_file(place: Place) -> tuple[int | None, str]:
    """The server's process id and its own word on its state, from postmaster.pid."""
    try:
        lines = (place.cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    except (OSError, ValueError, IndexError):
        return None, ""


def _answers(place: Place) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(os.fspath(place.postgres_socket_dir / POSTGRES_SOCKET_NAME))
        except OSError:
            return False
    return True
