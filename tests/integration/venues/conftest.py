from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.practice import PracticeVenue, practice_thread


@pytest.fixture(autouse=True)
def own_keyring(settings, tmp_path) -> Iterator[None]:
    """Keys of one test open nothing of another; no client and no circuit outlives a test."""
    from apps.vault import data_keys
    from apps.venues import circuit

    settings.KEYRING_DIR = tmp_path / "keyring"
    data_keys.forget_all()
    yield
    from apps.venues import services

    services.clients_forget()
    circuit.forget_all()
    data_keys.forget_all()


@pytest.fixture
def practice(tmp_path, settings) -> Iterator[PracticeVenue]:
    """The real practice server, and the product pointed at it."""
    with practice_thread(tmp_path) as venue:
        settings.PRACTICE_URL, settings.PRACTICE_TOKEN = venue.url, venue.token
        venue.set_book_now("alpha", "BTC/USDT", bids=[("100", "1")], asks=[("101", "1")])
        yield venue
