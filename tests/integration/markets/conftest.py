from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.core import ratelimit
from apps.markets import mirror


@pytest.fixture(autouse=True)
def clean_mirror() -> Iterator[None]:
    ratelimit.store().delete(mirror.BOARD, mirror.BOOKS)
    yield
    ratelimit.store().delete(mirror.BOARD, mirror.BOOKS)
