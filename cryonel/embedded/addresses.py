"""The addresses of the embedded servers, in the form that each library reads.

Pure: computed from the data folder, valid before anything runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from .places import place
from .postgres import DATABASE, USER


def default_data_dir() -> Path:
    """CRYONEL_DATA_DIR, or `var` beside manage.py."""
    chosen = os.environ.get("CRYONEL_DATA_DIR")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "var"


def database_url(data_dir: str | os.PathLike[str]) -> str:
    """`postgres://cryonel@/cryonel?host=...`: django-environ and psycopg read it alike.

    The folder stands in the query because URL parsers turn host names into lower case.
    """
    return f"postgres://{USER}@/{DATABASE}?host={quote(os.fspath(place(data_dir).postgres_socket_dir))}"


def redis_url(data_dir: str | os.PathLike[str], *, db: int = 0) -> str:
    """`unix:///...?db=N`: redis-py, Django's cache and channels-redis read it."""
    return f"unix://{quote(os.fspath(place(data_dir).valkey_socket))}?db={db}"


def celery_url(redis_url: str) -> str:
    """The same server as Celery spells it (`redis+socket://...?virtual_host=N`).

    TCP addresses pass unchanged, so settings can send any REDIS_URL through.
    """
    scheme, separator, rest = redis_url.partition("://")
    if not separator or scheme != "unix":
        return redis_url
    path, _, query = rest.partition("?")
    database = next((part[3:] for part in query.split("&") if part.startswith("db=")), "0")
    return f"redis+socket://{path}?virtual_host={database}"
