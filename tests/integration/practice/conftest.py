"""A running practice venue and real ccxt clients of it, only their addresses changed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from tests.fakes.practice import OpenedAccount, PracticeVenue, practice_thread

OPTIONS = {
    "defaultType": "spot",
    "fetchMarkets": {"types": ["spot"]},
    "fetchMargins": False,
}


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[PracticeVenue]:
    with practice_thread(tmp_path) as running:
        running.set_book_now(
            "alpha",
            "BTC/USDT",
            bids=[("60000", "1"), ("59990", "2")],
            asks=[("60010", "1"), ("60020", "2")],
        )
        yield running


@pytest.fixture
def alice(venue: PracticeVenue) -> OpenedAccount:
    return venue.open_account_now("alpha", {"USDT": "100000", "BTC": "1"}, label="alice")


def client_of(kind: Any, venue: PracticeVenue, account: OpenedAccount) -> Any:
    """A ccxt client of alpha; `kind` is the binance class of one of ccxt's three flavors."""
    made = kind(
        {
            "apiKey": account.key,
            "secret": account.secret,
            "enableRateLimit": False,
            "timeout": 5_000,
            "options": OPTIONS,
        }
    )
    made.urls["api"] = made.deep_extend(made.urls["api"], venue.ccxt_urls("alpha"))
    return made


@pytest.fixture
def trader(venue: PracticeVenue, alice: OpenedAccount) -> Any:
    return client_of(ccxt.binance, venue, alice)


@pytest.fixture
async def streamer(venue: PracticeVenue, alice: OpenedAccount) -> AsyncIterator[Any]:
    made = client_of(ccxt.pro.binance, venue, alice)
    yield made
    await made.close()


@pytest.fixture
def code_of() -> Callable[[Exception], str]:
    """The venue's error code inside a ccxt error's text."""
    return lambda error: str(error).partition('"code":')[2].partition(",")[0]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a practice process of its own needs."""
    return os.environ | {"CRYONEL_DATA_DIR": str(tmp_path), "CRYONEL_PRACTICE_TOKEN": "t"}
