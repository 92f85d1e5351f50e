"""Where the embedded servers of one data folder live. Paths only: nothing is started or written.

Settings ask this module for addresses while no server runs, and every process of the same data
folder must compute the same answer, so nothing here depends on TMPDIR or the current folder.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 103  # bytes; macOS keeps 104 with the closing zero, Linux 108
SYSTEM_HOME = Path("/var/lib/cryonel")
LOCATION_NOTE = "postgres.location"


@dataclass(frozen=True, slots=True)
class Place:
    """Every path that the servers of one data folder use. `hash` keys what lives outside it."""

    data_dir: Path
    hash: str
    postgres_home: Path
    postgres_socket_dir: Path
    valkey_home: Path
    valkey_socket: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.postgres_home / "cluster"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def moved_out(self) -> bool:
        """The cluster could not stay under the data folder (see `postgres.location`)."""
        return not self.postgres_home.is_relative_to(self.data_dir)


def place(data_dir: str | os.PathLike[str]) -> Place:
    """Compute the paths for `data_dir`, which need not exist yet."""
    data = Path(data_dir).expanduser().resolve()
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    postgres_home = _postgres_home(data, key)
    sockets = _short(postgres_home / "run", POSTGRES_SOCKET_NAME, key, "postgres")
    valkey_home = data / "valkey"
    valkey_dir = _short(valkey_home, "valkey.sock", key, "valkey")
    return Place(data, key, postgres_home, sockets, valkey_home, valkey_dir / "valkey.sock")


def is_traversable(folder: Path) -> bool:
    """Whether a user without rights of its own can pass through `folder` and all its parents.

    A part that does not exist yet counts as this process would create it.
    """
    for part in (folder, *folder.parents):
        try:
            mode = part.stat().st_mode
        except FileNotFoundError:
            mode = 0o777 & ~_umask()
        if not mode & stat.S_IXOTH:
            return False
    return True


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _postgres_home(data: Path, key: str) -> Path:
    """Under the data folder, unless root runs us and PostgreSQL's own user cannot get there."""
    note = data / LOCATION_NOTE
    if note.is_file():
        return Path(note.read_text().splitlines()[0])
    home = data / "postgres"
    if not is_root() or (home / "cluster").exists() or is_traversable(data):
        return home
    return SYSTEM_HOME / key


def _short(folder: Path, name: str, key: str, service: str) -> Path:
    """`folder` if a socket called `name` fits there, else a folder of ours under /tmp."""
    if len(os.fsencode(folder / name)) <= SOCKET_PATH_MAX:
        return folder
    temp = Path("/tmp") if os.path.isdir("/tmp") else Path(tempfile.gettempdir())  # noqa: S108
    uid = os.getuid() if hasattr(os, "getuid") else 0
    return temp.resolve() / f"cryonel-{uid}-{key}-{service}"


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
