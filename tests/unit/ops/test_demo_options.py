from __future__ import annotations

import socket

import pytest

from apps.ops.demo import market, ports
from apps.ops.demo.progress import Progress
from cryonel import roles


@pytest.fixture
def taken():
    """A listening socket that somebody else holds."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_an_asked_port_that_is_taken_is_refused_with_advice(taken):
    with pytest.raises(ports.PortTaken, match=f"Port {taken} is taken .* --port"):
        ports.open_listener("127.0.0.1", taken)


def test_a_taken_default_port_gives_the_next_free_one(taken, monkeypatch):
    monkeypatch.setattr(ports, "FIRST", taken)

    with ports.open_listener("127.0.0.1", None) as listener:
        assert taken < listener.getsockname()[1] < taken + ports.TRIES


def test_an_address_of_another_machine_is_refused_with_a_sentence():
    with pytest.raises(ports.PortTaken, match=r"Cannot listen on 192\.0\.2\.1"):
        ports.open_listener("192.0.2.1", None)


@pytest.mark.parametrize("text", ["", "simulated:x", "recorded", "live", "files:x"])
def test_an_unknown_source_is_refused_with_the_forms(text):
    with pytest.raises(market.SourceUnknown, match="recorded:PATH"):
        market.Source.parse(text)


def test_a_recording_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(market.SourceUnknown, match="does not exist"):
        market.Source.parse(f"recorded:{tmp_path / 'none'}")


def test_a_live_source_names_its_exchange():
    assert market.Source.parse("live:kraken") == market.Source("live", "kraken")


def test_a_live_exchange_that_does_not_exist_is_refused_with_some_that_do():
    with pytest.raises(market.SourceUnknown, match=r"called 'nosuch'\. Some that work: binance,"):
        market.Source.parse("live:kraken,nosuch")


def test_a_step_is_reported_with_its_result():
    lines: list[str] = []
    progress = Progress(lines.append)
    with progress.step("database") as said:
        said.append("ready")

    assert lines[0].startswith("  database.............. ready (")


def test_a_failing_step_says_so_and_passes_the_reason_on():
    lines: list[str] = []
    progress = Progress(lines.append)
    with pytest.raises(ValueError, match="reason"), progress.step("broker"):
        raise ValueError("reason")

    assert lines == ["  broker................ failed"]


def test_a_kind_of_worker_serves_its_queues_only():
    role = roles.role_named("worker:execution")

    assert role.environ == {"CRYONEL_WORKER_QUEUES": "execution.priority,execution"}


@pytest.mark.parametrize("label", ["wroker", "worker:fast", "live:execution", ""])
def test_an_unknown_role_is_refused_with_the_list(label):
    with pytest.raises(roles.RoleUnknown, match="practice, live, web, worker, beat, engine"):
        roles.role_named(label)


def test_the_two_kinds_of_worker_serve_every_queue_once():
    queues = [queue for kind in roles.WORKER_KINDS.values() for queue in kind]

    assert sorted(queues) == sorted(roles.QUEUES)
