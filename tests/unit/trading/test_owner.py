"""A lease's owner is gone only where that is proven."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from apps.trading.engine import owner
from apps.trading.engine.owner import is_gone, owner_new

SAY = "from apps.trading.engine.owner import owner_new as o; print(o(), flush=True); input()"


@pytest.fixture
def neighbor() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process and its name."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def with_field(number: int, value: str) -> str:
    fields = owner_new().split(":")
    fields[number] = value
    return ":".join(fields)


def test_a_living_process_is_not_gone(neighbor):
    assert not is_gone(neighbor[1])
    assert not is_gone(owner_new())


def test_a_killed_process_is_gone_at_once_even_before_it_is_buried(neighbor):
    process, name = neighbor
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it ended, and is not buried
    assert is_gone(name)

    process.wait()
    assert is_gone(name)


def test_an_id_that_is_used_again_is_another_process():
    assert is_gone(with_field(2, "1"))


@pytest.mark.parametrize("name", ["", "host", "host:12:345678", "host:x:1:y:z"])
def test_who_cannot_be_read_is_never_called_gone(name):
    assert not is_gone(name)


@pytest.mark.parametrize("place", ["elsewhere", ""])
def test_who_lives_elsewhere_is_never_called_gone(place):
    assert not is_gone(with_field(3, place))


def test_where_the_system_does_not_tell_nobody_is_gone(monkeypatch, tmp_path):
    name = with_field(2, "1")
    monkeypatch.setattr(owner, "PROC", tmp_path)
    owner._place.cache_clear()
    try:
        assert not is_gone(name)
        assert owner_new().split(":")[2:4] == ["0", ""]
    finally:
        owner._place.cache_clear()


def test_a_name_fits_its_column():
    assert len(owner_new()) <= 80
