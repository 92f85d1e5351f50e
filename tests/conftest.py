"""What every test gets: no network but loopback, a fixed cast, clean rate limits."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from cryonel.messages import compile_stale
from tests.factories.accounts import Person, person

CI = bool(os.environ.get("CI"))

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

INSTALLED_IN_CI = {"browser", "node"}
NEEDS = {
    "recorded": (
        lambda: Path(os.environ.get("CRYONEL_RECORDED_DATA", "/nonexistent")).is_dir(),
        "needs the recorded market data: set CRYONEL_RECORDED_DATA to its folder",
    ),
    "browser": (
        lambda: shutil.which("chromium") is not None,
        "needs Chromium on PATH (Debian: apt-get install chromium)",
    ),
    "node": (lambda: shutil.which("node") is not None, "needs Node.js 20 on PATH"),
}


def pytest_configure(config: pytest.Config) -> None:
    """Translations are compiled once: .mo files are not in the repository."""
    if not hasattr(config, "workerinput"):
        compile_stale(Path(__file__).resolve().parents[1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is not installed is skipped with a sentence; in CI it must be installed."""
    for marker, (present, sentence) in NEEDS.items():
        if present():
            continue
        if CI and marker in INSTALLED_IN_CI:
            raise pytest.UsageError(f"CI must run the tests marked {marker}: it {sentence}")
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=sentence))


@pytest.fixture(scope="session", autouse=True)
def network_is_blocked() -> Iterator[None]:
    """Only loopback and unix sockets: a test that reaches out fails by name."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = address[0]
            local = host == "localhost" or ipaddress.ip_address(host).is_loopback
            if not local:
                raise OSError(f"tests may not reach {host}")
        real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def fresh_rate_limits(request: pytest.FixtureRequest) -> None:
    """Windows of earlier tests do not count; each xdist worker has a database of its own."""
    if not {"db", "transactional_db", "client"} & set(request.fixturenames):
        return
    from apps.core.ratelimit import store

    for windows in ("rl:*", "venues:pace:*"):
        for key in store().scan_iter(windows):
            store().delete(key)


@pytest.fixture
def alice(db: None) -> Person:
    """The owner of what a test is about."""
    return person("alice")


@pytest.fixture
def mallory(db: None) -> Person:
    """From another workspace: must see nothing and change nothing."""
    return person("mallory")
