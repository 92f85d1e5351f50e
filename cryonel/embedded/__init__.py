"""Real PostgreSQL and Valkey out of wheels, on private sockets under the data folder.

`database_url` and `redis_url` are paths turned into addresses: settings may ask for them while
nothing runs. `running` starts what the environment does not override and stops it again.
DATABASE_URL and REDIS_URL always win.
"""

from __future__ import annotations

from .addresses import (
    celery_url,
    database_url,
    default_data_dir,
    redis_url,
)
from .door import door, needs_servers
from .errors import ServiceUnavailable
from .places import Place, place
from .servers import Servers, is_running, running, take
from .testing import TestServices, for_tests

__all__ = [
    "Place",
    "Servers",
    "ServiceUnavailable",
    "TestServices",
    "celery_url",
    "database_url",
    "default_data_dir",
    "door",
    "for_tests",
    "is_running",
    "needs_servers",
    "place",
    "redis_url",
    "running",
    "take",
]
