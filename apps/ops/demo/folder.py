"""The demo's data folder: whose it is, who uses it now, and what `--fresh` may delete."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from cryonel import embedded

MARKER = ".cryonel-demo"
LOCK = "demo.lock"
RUNTIME = "runtime.json"
# The keyring stays: what it seals is gone with the database, and settings have read it already.
MADE_BY_DEMO = ("valkey", "practice", "log", "numba", "postgres.location", RUNTIME, MARKER)


class FolderRefused(Exception):
    """The folder cannot be used as asked; the message says why and what to do."""


class DemoFolder:
    """One demo at a time uses a folder; its lock ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None

    def take(self) -> None:
        """Raises FolderRefused while another demo runs on the folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / LOCK).open("a")
        if not _locked(lock):
            lock.close()
            running = self.runtime()
            raise FolderRefused(
                f"A demo already runs on {self.path} at {running.get('url', 'an unknown address')} "
                f"(process {running.get('pid', 'unknown')}). Stop it, or choose another folder "
                "with --data-dir."
            )
        self._lock = lock

    def leave(self) -> None:
        if self._lock is not None:
            (self.path / RUNTIME).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def mark(self) -> None:
        """Sign the folder as the demo's own, if no database of someone else is in it."""
        if not embedded.place(self.path).cluster.exists():
            (self.path / MARKER).write_text("Made by `manage.py demo`; --fresh may delete it.\n")

    def clear(self) -> None:
        """Delete what an earlier demo made here. Raises FolderRefused for a folder not ours."""
        where = embedded.place(self.path)
        if not where.cluster.exists() and not (self.path / MARKER).exists():
            return
        if not (self.path / MARKER).is_file():
            raise FolderRefused(
                f"{self.path} was not made by the demo, so --fresh deletes nothing there. "
                "Choose another folder with --data-dir."
            )
        shutil.rmtree(where.postgres_home, ignore_errors=True)
        for name in MADE_BY_DEMO:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def practice_token(self) -> str:
        """The control token of this folder's practice venue, made once, readable by us only."""
        path = self.path / "keyring" / "practice.token"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text()

    def runtime(self) -> dict[str, Any]:
        """What the running demo wrote about itself; empty when there is none."""
        try:
            found: dict[str, Any] = json.loads((self.path / RUNTIME).read_text())
        except (OSError, json.JSONDecodeError):
            return {}
        return found

    def note(self, **facts: Any) -> None:
        """Write addresses and process ids for people and programs; replaced in one move."""
        draft = self.path / f"{RUNTIME}.new"
        draft.write_text(json.dumps({"pid": os.getpid(), **facts}, indent=1) + "\n")
        draft.replace(self.path / RUNTIME)


def _locked(lock: Any) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: the port is the only guard
        return True
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
