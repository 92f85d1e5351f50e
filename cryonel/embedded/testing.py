"""One PostgreSQL and one Valkey per test session, in a temporary folder, gone when it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from . import addresses
from .places import is_root, place
from .process import is_alive
from .servers import running

PREFIX = "cryonel-tests-"


class TestServices:
    """What one test session started; `close` stops it and deletes its folder."""

    __test__ = False  # not a test class, whatever its name says

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        """Start what the environment did not preset, without waiting for any disk."""
        self._stack.enter_context(running(self.data_dir, durable=False))

    def export(self) -> None:
        """Let settings, xdist workers and child processes find them; presets win."""
        os.environ.setdefault("DATABASE_URL", addresses.database_url(self.data_dir))
        os.environ.setdefault("REDIS_URL", addresses.redis_url(self.data_dir))
        os.environ.setdefault("CRYONEL_DATA_DIR", str(self.data_dir))

    def close(self) -> None:
        self._stack.close()
        _delete(self.data_dir)


def for_tests(*, start: bool = True) -> TestServices | None:
    """Call once, before Django's settings load. None in an xdist worker: the controller did it.

    Folders of sessions that were killed are swept. `start=False` only exports the addresses
    (for runs that collect and never touch the database).
    """
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return None
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    if is_root():
        folder.chmod(0o711)  # PostgreSQL's own user passes through; nobody else can list it
    services = TestServices(folder)
    try:
        if start:
            services.start()
    except BaseException:
        services.close()
        raise
    services.export()
    return services


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not is_alive(int(owner)):
            _delete(folder)


def _delete(folder: Path) -> None:
    with contextlib.suppress(PermissionError):
        where = place(folder)
        for path in (where.postgres_home, where.postgres_socket_dir, folder):
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(where.valkey_socket.parent, ignore_errors=True)
