from __future__ import annotations

import os
import signal

import psycopg
import pytest
import redis

from cryonel import embedded
from cryonel.embedded import postgres, valkey

from .conftest import eventually, gone

HOLD = """
import sys
from cryonel import embedded
with embedded.running(sys.argv[1]) as servers:
    print(servers.pids["postgres"], servers.pids["valkey"])
    sys.stdin.readline()
"""


def hold(python, data_dir):
    """Another process serves `data_dir`; returns it and its servers' ids."""
    owner = python(HOLD, str(data_dir))
    return owner, [int(pid) for pid in owner.stdout.readline().split()]


def write(data_dir):
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def rows(data_dir):
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def test_both_servers_answer_inside_the_block_and_are_gone_after_it(data_dir):
    with embedded.running(data_dir) as servers:
        pids = servers.pids
        assert embedded.is_running(data_dir)
        assert redis.Redis.from_url(embedded.redis_url(data_dir)).ping()

    assert not embedded.is_running(data_dir)
    assert gone(*pids.values())


def test_data_survive_a_stop(data_dir):
    with embedded.running(data_dir):
        write(data_dir)
        redis.Redis.from_url(embedded.redis_url(data_dir)).set("kept", "1")

    with embedded.running(data_dir):
        assert rows(data_dir) == 1
        assert redis.Redis.from_url(embedded.redis_url(data_dir)).get("kept") == b"1"


def test_the_default_is_durable_and_unicode(data_dir):
    with (
        embedded.running(data_dir),
        psycopg.connect(embedded.database_url(data_dir)) as connection,
    ):
        row = connection.execute(
            "SELECT current_setting('fsync'), current_setting('listen_addresses'),"
            " current_setting('server_encoding'), upper('ä')"
        ).fetchone()

    assert row == ("on", "", "UTF8", "Ä")


def test_a_block_inside_a_block_uses_the_outer_servers(data_dir):
    with embedded.running(data_dir) as outer:
        with embedded.running(data_dir) as inner:
            assert inner.pids == outer.pids
        assert embedded.is_running(data_dir)


def test_two_data_folders_run_side_by_side(data_dir):
    with embedded.running(data_dir / "one") as one, embedded.running(data_dir / "two") as two:
        assert not set(one.pids.values()) & set(two.pids.values())
        assert embedded.is_running(data_dir / "one")
        assert embedded.is_running(data_dir / "two")


def test_servers_of_another_process_are_used_and_left_alone(data_dir, python):
    owner, pids = hold(python, data_dir)

    with embedded.running(data_dir) as servers:
        assert servers.pids == {}
    assert embedded.is_running(data_dir)
    owner.communicate("\n")
    assert gone(*pids)


def test_killing_the_owner_ends_its_servers_and_the_next_start_is_normal(data_dir, python):
    owner, pids = hold(python, data_dir)
    write(data_dir)
    owner.send_signal(signal.SIGKILL)
    owner.wait()

    with embedded.running(data_dir):
        assert rows(data_dir) == 1
    assert gone(*pids)


def test_killing_everything_at_once_loses_nothing_committed(data_dir, python):
    owner, pids = hold(python, data_dir)
    write(data_dir)
    for pid in (*pids, owner.pid):
        os.kill(pid, signal.SIGKILL)
    owner.wait()

    with embedded.running(data_dir):
        assert rows(data_dir) == 1


def test_a_pid_file_that_names_someone_else_does_not_stop_the_start(data_dir):
    with embedded.running(data_dir):
        write(data_dir)
    where = embedded.place(data_dir)
    (where.cluster / "postmaster.pid").write_text(f"{os.getppid()}\n{where.cluster}\n")

    with embedded.running(data_dir):
        assert rows(data_dir) == 1


def test_a_dead_server_is_started_again_on_request(data_dir):
    with embedded.running(data_dir) as servers:
        old = servers.pids["valkey"]
        os.kill(old, signal.SIGKILL)
        assert eventually(lambda: servers.revive() == ["valkey"])
        assert servers.pids["valkey"] != old
        assert embedded.is_running(data_dir)


def test_a_cluster_of_another_version_is_refused_with_a_sentence(data_dir):
    with embedded.running(data_dir):
        pass
    (embedded.place(data_dir).cluster / "PG_VERSION").write_text("9\n")

    with pytest.raises(embedded.ServiceUnavailable, match="PostgreSQL 9 cluster"):
        embedded.running(data_dir).__enter__()


def test_the_keyring_and_the_data_folder_keep_their_modes(data_dir):
    data = data_dir / "var"
    keyring = data / "keyring"
    keyring.mkdir(parents=True, mode=0o700)
    data.chmod(0o750)
    with embedded.running(data):
        assert keyring.stat().st_mode & 0o777 == 0o700
        assert data.stat().st_mode & 0o777 == 0o750


def test_a_data_folder_too_deep_for_sockets_still_runs(data_dir):
    deep = data_dir / ("d" * 90)
    with embedded.running(deep):
        assert embedded.is_running(deep)


def test_a_preset_database_is_not_started_here(data_dir, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/cryonel")

    with embedded.running(data_dir) as servers:
        assert set(servers.pids) == {"valkey"}
        assert valkey.is_serving(servers.place)
        assert not postgres.is_serving(servers.place)
