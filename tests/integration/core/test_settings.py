from __future__ import annotations

import os
import subprocess
import sys

import pytest


def start(tmp_path, show="import cryonel.settings.base", **variables):
    """Import the settings in a fresh process, as a start would."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", show],
        env=keep | {"CRYONEL_DATA_DIR": str(tmp_path)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"CRYONEL_DATADIR": "x"}, "CRYONEL_DATADIR is not known"),
        ({"CRYONEL_ENV": "prod"}, "CRYONEL_ENV must be one of"),
        ({"CRYONEL_TRUSTED_PROXIES": "two"}, "CRYONEL_TRUSTED_PROXIES must be a whole number"),
        ({"CRYONEL_LOG_JSON": "maybe"}, "CRYONEL_LOG_JSON must be true or false"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "DATABASE_URL must be a postgres:// address"),
        ({"SECRET_KEY": "short"}, "at least 32 characters"),
        ({"CRYONEL_ENV": "production"}, "Set SECRET_KEY"),
    ],
)
def test_a_wrong_variable_stops_the_start_by_name(tmp_path, variables, sentence):
    outcome = start(tmp_path, **variables)

    assert outcome.returncode != 0
    assert sentence in outcome.stderr


def test_a_local_start_makes_its_own_secret_and_keeps_it(tmp_path):
    assert start(tmp_path).returncode == 0
    first = (tmp_path / "keyring" / "site.key").read_text()
    assert start(tmp_path).returncode == 0

    assert (tmp_path / "keyring" / "site.key").read_text() == first
    assert (tmp_path / "keyring").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keyring" / "site.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("noted", "address"),
    [('{"practice_url": "http://127.0.0.1:9"}', "http://127.0.0.1:9"), ("{half", ""), (None, "")],
)
def test_a_command_beside_a_demo_finds_its_practice_venue(tmp_path, noted, address):
    if noted is not None:
        (tmp_path / "runtime.json").write_text(noted)

    outcome = start(
        tmp_path, show="from cryonel.settings.base import PRACTICE_URL; print(PRACTICE_URL)"
    )

    assert outcome.stdout.strip() == address
