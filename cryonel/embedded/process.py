"""Server processes that cannot outlive us, and the system user that PostgreSQL needs under root.

Linux tells a child when its parent's *thread* dies (PR_SET_PDEATHSIG), so servers are started
from the main thread only. Elsewhere a watcher process holds a pipe that closes with us.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceUnavailable

PR_SET_PDEATHSIG = 1
SERVICE_USER = "cryonel"
LOG_MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """The system user a server runs as."""

    uid: int
    gid: int


def die_with_parent(death: signal.Signals, parent: int) -> None:
    """Ask the kernel to send us `death` when the thread that forked us ends (Linux).

    Called in the child after any setuid, which would clear it. If `parent` is gone already, the
    signal would never come: leave at once.
    """
    _prctl()(PR_SET_PDEATHSIG, int(death), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def spawn(
    argv: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    death: signal.Signals,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (Ctrl-C is not for it); output goes to `log`.

    `death` is sent to it when we die, however we die.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start embedded servers from the main thread: they end with it")
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".old.log"))
    prepare: Callable[[], None] | None = None
    if sys.platform == "linux":
        _prctl()  # loaded before the fork
        parent = os.getpid()

        def prepare() -> None:
            die_with_parent(death, parent)

    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [os.fspath(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            preexec_fn=prepare,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    if sys.platform != "linux":
        _watch(process.pid, death)
    return process


def stop(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal and wait so many seconds for it to work; the last resort is SIGKILL."""
    for number, seconds in (*steps, (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def command_line(pid: int) -> str:
    """The words that started process `pid`, joined by spaces; empty when unknown."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    with contextlib.suppress(OSError):
        listing = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(listing, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return ""


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.01) -> bool:
    """Poll `condition` until it holds or `seconds` have passed; says which."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def service_account() -> Account:
    """The user PostgreSQL runs as when we are root, made once; `nobody` where none can be made."""
    import pwd

    for name in (SERVICE_USER, "nobody"):
        if name == SERVICE_USER:
            _ensure_user(name)
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise ServiceUnavailable(
        "PostgreSQL refuses to run as root and no system user could be made for it. "
        "Start CRYONEL as an ordinary user, or set DATABASE_URL."
    )


def private_folder(folder: Path, account: Account | None = None) -> None:
    """Create `folder` with mode 0700 for `account` (us by default); refuse anyone else's.

    Its parents are created if absent and never changed: they may hold the keyring.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    wanted = account.uid if account else os.getuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.getuid()}:
        raise ServiceUnavailable(
            f"{folder} belongs to another user. Start CRYONEL as that user, or choose another "
            "folder with --data-dir."
        )
    if account and found.st_uid != account.uid:
        os.chown(folder, account.uid, account.gid)
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _ensure_user(name: str) -> None:
    import pwd

    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    with contextlib.suppress(KeyError):
        pwd.getpwnam(name)
        return
    if useradd is None:
        return
    words = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    words += ["--shell", "/usr/sbin/nologin", name]
    subprocess.run(words, capture_output=True, check=False)  # noqa: S603


def _watch(pid: int, death: signal.Signals) -> None:
    """Where the kernel does not tell: a shell whose input ends with us sends the signal."""
    script = f'cat >/dev/null; kill -{int(death)} "$1"'
    watcher = subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", script, "sh", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _watchers.append(watcher)


_watchers: list[subprocess.Popen[bytes]] = []
_loaded: list[Callable[..., int]] = []


def _prctl() -> Callable[..., int]:
    if not _loaded:
        import ctypes

        _loaded.append(ctypes.CDLL(None, use_errno=True).prctl)
    return _loaded[0]
