"""Keys that must not stand in the database: files of mode 0600 in a folder of mode 0700.

Only names and bytes; what a key is for, its owner knows. In production the folder is a mounted
secret; a key may also come as a Docker secret or an environment variable (`CRYONEL_KEY_<NAME>`).
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cryonel.secrets import lookup


def folder() -> Path:
    """The keyring's folder, made on first use. Refuses one that others may read."""
    path = Path(settings.KEYRING_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        raise ImproperlyConfigured(
            f"The keyring {path} can be read by others. Run: chmod 700 {path}"
        )
    return path


def key(name: str) -> bytes:
    """The named 32-byte key: from a Docker secret or the environment, else from its file."""
    if given := lookup(f"CRYONEL_KEY_{name.upper()}"):
        return _decoded(name, given)
    path = folder() / f"{name}.key"
    if not path.exists():
        _write_once(path, base64.b64encode(secrets.token_bytes(32)))
    return _decoded(name, path.read_text())


def remember(name: str, value: str) -> None:
    """Keep a small fact beside the keys, out of the database's reach. Replaced atomically."""
    path = folder() / f"{name}.txt"
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(value)
    draft.replace(path)


def recall(name: str) -> str:
    path = folder() / f"{name}.txt"
    return path.read_text() if path.exists() else ""


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left, right)


def _write_once(path: Path, content: bytes) -> None:
    """Create the file unless another process just did: both then read the same key."""
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _decoded(name: str, text: str) -> bytes:
    try:
        value = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise ImproperlyConfigured(f"The key {name} must be 32 bytes in base64.")
    return value
