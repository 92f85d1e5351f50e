from __future__ import annotations

import os

import pytest

from manage import _take_data_dir


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("CRYONEL_DATA_DIR", os.environ["CRYONEL_DATA_DIR"])


@pytest.mark.parametrize("words", [["--data-dir", "/tmp/x"], ["--data-dir=/tmp/x"]])
def test_any_command_runs_on_a_named_data_folder(words):
    assert _take_data_dir(["manage.py", "audit_verify", *words, "-v1"]) == [
        "manage.py",
        "audit_verify",
        "-v1",
    ]
    assert os.environ["CRYONEL_DATA_DIR"] == "/tmp/x"


def test_the_demo_reads_its_option_itself():
    line = ["manage.py", "demo", "--data-dir", "/tmp/x"]

    assert _take_data_dir(line) == line
    assert os.environ["CRYONEL_DATA_DIR"] == "/tmp/x"
