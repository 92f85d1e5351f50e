from __future__ import annotations

from pathlib import Path

import environ
import psycopg
import pytest

from cryonel import embedded
from cryonel.embedded import places


def test_two_data_folders_share_no_path(tmp_path):
    one, two = embedded.place(tmp_path / "one"), embedded.place(tmp_path / "two")

    assert one.hash != two.hash
    assert {one.postgres_home, one.valkey_home}.isdisjoint({two.postgres_home, two.valkey_home})


def test_a_relative_and_an_absolute_path_mean_one_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert embedded.place("var") == embedded.place(tmp_path / "var")


def test_a_long_data_folder_keeps_its_sockets_short_and_absolute(tmp_path):
    where = embedded.place(tmp_path / ("x" * 100))
    sockets = [where.postgres_socket_dir / places.POSTGRES_SOCKET_NAME, where.valkey_socket]

    assert all(path.is_absolute() and len(str(path)) <= 103 for path in sockets)
    assert where.valkey_home == where.data_dir / "valkey"


def test_the_database_address_means_the_same_to_django_and_psycopg(tmp_path):
    url = embedded.database_url(tmp_path / "Mixed Case")
    django = environ.Env.db_url_config(url)
    native = psycopg.conninfo.conninfo_to_dict(url)

    assert (django["NAME"], django["USER"], django["HOST"]) == ("cryonel", "cryonel", "")
    assert django["OPTIONS"]["host"] == native["host"]
    assert native["dbname"] == "cryonel"


@pytest.mark.parametrize(
    ("redis", "celery"),
    [
        ("unix:///a/b.sock?db=3", "redis+socket:///a/b.sock?virtual_host=3"),
        ("unix:///a/b.sock", "redis+socket:///a/b.sock?virtual_host=0"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
    ],
)
def test_celery_gets_its_own_spelling_of_a_socket(redis, celery):
    assert embedded.celery_url(redis) == celery


def test_root_keeps_the_cluster_out_of_a_folder_that_postgres_cannot_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "is_root", lambda: True)
    monkeypatch.setattr(places, "is_traversable", lambda folder: False)
    where = embedded.place(tmp_path)

    assert where.postgres_home == Path("/var/lib/cryonel") / where.hash
    assert where.moved_out


def test_a_noted_location_outlives_a_change_of_permissions(tmp_path, monkeypatch):
    (tmp_path / places.LOCATION_NOTE).write_text("/var/lib/cryonel/abc\n\nwhy\n")
    monkeypatch.setattr(places, "is_traversable", lambda folder: True)

    assert embedded.place(tmp_path).postgres_home == Path("/var/lib/cryonel/abc")


def test_a_closed_parent_is_not_traversable(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not places.is_traversable(closed / "inside")


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["migrate"], True),
        (["audit_verify", "--json"], True),
        (["runserver"], True),
        (["check"], False),
        (["makemessages", "-a"], False),
        (["migrate", "--help"], False),
        (["demo"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_commands_that_talk_to_servers_open_the_door(words, needed, monkeypatch):
    monkeypatch.delenv("RUN_MAIN", raising=False)

    assert embedded.needs_servers(["manage.py", *words]) is needed


def test_the_autoreload_child_uses_its_parents_servers(monkeypatch):
    monkeypatch.setenv("RUN_MAIN", "true")

    assert not embedded.needs_servers(["manage.py", "runserver"])
