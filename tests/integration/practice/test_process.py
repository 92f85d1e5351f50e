"""The practice role as a process: killed at any moment, it comes back with the same ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ccxt
import pytest

from apps.practice.demo import config_write
from tests.fakes.practice import OpenedAccount, PracticeVenue
from tests.integration.practice.conftest import client_of

PATIENCE = 30.0
CONFIG = {
    "instances": [
        {
            "code": "alpha",
            "label": "Alpha",
            "source": {"kind": "manual"},
            "maker_fee": "0.0002",
            "taker_fee": "0.0005",
            "symbols": ["BTC/USDT"],
        }
    ]
}


@contextmanager
def process(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], PracticeVenue]]:
    port_file = Path(environment["CRYONEL_DATA_DIR"]) / "practice" / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "apps.practice.main"]
    running = subprocess.Popen(command, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while not port_file.exists():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        yield running, PracticeVenue(url, environment["CRYONEL_PRACTICE_TOKEN"], None)  # type: ignore[arg-type]
    finally:
        running.kill()
        running.wait()


@pytest.fixture
def home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    path = config_write(tmp_path / "practice.json", CONFIG)
    return environment | {"CRYONEL_PRACTICE_CONFIG": str(path)}


def live(venue: PracticeVenue) -> OpenedAccount:
    """A little life: an account, a fill, an open order."""
    account = venue.open_account_now("alpha", {"USDT": "100000"}, ref="alice")
    venue.set_book_now("alpha", "BTC/USDT", bids=[("60000", "1")], asks=[("60010", "1")])
    trader = client_of(ccxt.binance, venue, account)
    trader.create_order("BTC/USDT", "market", "buy", 0.5)
    trader.create_order("BTC/USDT", "limit", "buy", 0.5, 59000, {"clientOrderId": "standing"})
    return account


def state(venue: PracticeVenue, account: OpenedAccount) -> Any:
    return venue.ledger_now("alpha", account.account_id)


def test_after_kill_9_the_ledger_is_the_same_and_the_order_stands(home: dict[str, str]) -> None:
    with process(home) as (running, venue):
        account = live(venue)
        before = state(venue, account)
        running.send_signal(signal.SIGKILL)
        running.wait()

    with process(home) as (_, venue):
        assert state(venue, account) == before
        trader = client_of(ccxt.binance, venue, account)
        assert trader.fetch_order_book("BTC/USDT")["bids"] == [[59000.0, 0.5]]
        canceled = trader.cancel_order(None, "BTC/USDT", {"origClientOrderId": "standing"})
        assert canceled["status"] == "canceled"
        assert trader.fetch_balance()["used"]["USDT"] == 0


def test_ids_go_on_rising_after_a_restart(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        account = live(venue)
        (first,) = state(venue, account)["fills"]

    with process(home) as (_, venue):
        venue.set_book_now("alpha", "BTC/USDT", bids=[("60000", "1")], asks=[("60010", "1")])
        client_of(ccxt.binance, venue, account).create_order("BTC/USDT", "market", "buy", 0.1)
        second = state(venue, account)["fills"][1]

    assert second["trade_id"] > first["trade_id"]
    assert second["order_id"] > first["order_id"]


def test_a_torn_last_record_is_cut_off(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        account = live(venue)
        before = state(venue, account)
    journal = Path(home["CRYONEL_DATA_DIR"]) / "practice" / "alpha" / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'0badc0de {"n":99,"ki')

    with process(home) as (_, venue):
        assert state(venue, account) == before
        venue.open_account_now("alpha", {"USDT": "7"}, ref="bob")

    with process(home) as (_, venue):
        assert venue.ledger_now("alpha", 2)["balances"]["USDT"]["free"] == "7"


def test_an_altered_record_stops_the_start(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        live(venue)
    journal = Path(home["CRYONEL_DATA_DIR"]) / "practice" / "alpha" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"100000", b"900000", 1))

    ended = subprocess.run(
        [sys.executable, "-m", "apps.practice.main"],
        env=home,
        capture_output=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 3
    assert b"record 2 is damaged" in ended.stderr


def test_secrets_are_readable_by_the_owner_alone_and_not_in_the_journal(
    home: dict[str, str],
) -> None:
    with process(home) as (_, venue):
        account = live(venue)
    folder = Path(home["CRYONEL_DATA_DIR"]) / "practice" / "alpha"

    assert os.stat(folder / "keys.json").st_mode & 0o777 == 0o600
    assert account.secret not in (folder / "journal.jsonl").read_text()


def test_sigterm_ends_it_cleanly(home: dict[str, str]) -> None:
    with process(home) as (running, venue):
        live(venue)
        running.terminate()

        assert running.wait(PATIENCE) == 0


def test_the_same_ref_opens_one_account(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        first = live(venue)

    with process(home) as (_, venue):
        again = venue.open_account_now("alpha", {"USDT": "5"}, ref="alice")

    assert again == first


def test_control_wants_the_token(home: dict[str, str]) -> None:
    with process(home) as (_, venue), pytest.raises(OSError, match="401"):
        PracticeVenue(venue.url, "wrong", None).control("GET", "alpha/faults")  # type: ignore[arg-type]


def test_without_a_configuration_it_offers_the_demos_three_instances(
    environment: dict[str, str],
) -> None:
    with process(environment) as (_, venue):
        answer = urllib.request.urlopen(venue.url + "/instances").read()  # noqa: S310 - loopback
    listed = json.loads(answer)["instances"]

    assert [(item["code"], item["source"]) for item in listed] == [
        ("alpha", "simulated"),
        ("beta", "simulated"),
        ("gamma", "simulated"),
    ]


def test_a_wrong_configuration_ends_with_a_sentence(home: dict[str, str], tmp_path: Path) -> None:
    config_write(Path(home["CRYONEL_PRACTICE_CONFIG"]), {"instances": []})

    ended = subprocess.run(
        [sys.executable, "-m", "apps.practice.main"],
        env=home,
        capture_output=True,
        timeout=PATIENCE,
    )

    assert ended.returncode == 2
    assert b'"instances" is empty' in ended.stderr
