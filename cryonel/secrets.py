"""Where infrastructure secrets come from: a Docker secret file first, then the environment.

User and venue secrets never come from here; they live sealed in the vault.
"""

from __future__ import annotations

import os
from pathlib import Path

DOCKER_SECRETS = Path("/run/secrets")


def lookup(name: str, *, folder: Path = DOCKER_SECRETS) -> str | None:
    """The secret called `name`: `<NAME>_FILE`, the Docker secret `name`, or the variable."""
    for path in (os.environ.get(f"{name}_FILE"), folder / name.lower(), folder / name):
        if path and Path(path).is_file():
            return Path(path).read_text().strip()
    return os.environ.get(name)
