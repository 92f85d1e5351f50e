from __future__ import annotations

import json

import pytest

from apps.ops.demo.folder import MARKER, DemoFolder, FolderRefused
from cryonel import embedded

TAKE = """
import sys
from pathlib import Path
from apps.ops.demo.folder import DemoFolder
folder = DemoFolder(Path(sys.argv[1]))
folder.take()
folder.note(url="http://127.0.0.1:8123/")
print("taken")
sys.stdin.readline()
folder.leave()
"""


def cluster(folder):
    """What a database leaves behind."""
    path = embedded.place(folder).cluster
    path.mkdir(parents=True)
    (path / "PG_VERSION").write_text("18\n")
    return path


def test_a_second_demo_on_the_folder_is_refused_with_the_address_of_the_first(data_dir, python):
    first = python(TAKE, str(data_dir))
    first.stdout.readline()

    with pytest.raises(FolderRefused, match=f"8123/ \\(process {first.pid}\\)"):
        DemoFolder(data_dir).take()


def test_a_killed_demo_leaves_the_folder_free(data_dir, python):
    first = python(TAKE, str(data_dir))
    first.stdout.readline()
    first.kill()
    first.wait()

    DemoFolder(data_dir).take()


def test_fresh_deletes_what_the_demo_made_and_nothing_else(data_dir):
    folder = DemoFolder(data_dir)
    folder.mark()
    made = cluster(data_dir)
    keyring = data_dir / "keyring"
    for path in (keyring, data_dir / "practice"):
        path.mkdir()
    (data_dir / "notes.txt").write_text("mine")
    folder.clear()

    assert sorted(path.name for path in data_dir.iterdir()) == ["keyring", "notes.txt"]
    assert not made.exists()


def test_fresh_refuses_a_folder_that_the_demo_did_not_make(data_dir):
    made = cluster(data_dir)
    folder = DemoFolder(data_dir)
    folder.mark()

    with pytest.raises(FolderRefused, match="was not made by the demo"):
        folder.clear()
    assert made.exists()
    assert not (data_dir / MARKER).exists()


def test_the_control_token_is_kept_and_private(data_dir):
    folder = DemoFolder(data_dir)
    token = folder.practice_token()

    assert len(token) == 43
    assert folder.practice_token() == token
    assert (data_dir / "keyring" / "practice.token").stat().st_mode & 0o777 == 0o600


def test_the_runtime_note_is_readable_json_and_gone_after_the_end(data_dir):
    folder = DemoFolder(data_dir)
    folder.take()
    folder.note(url="http://127.0.0.1:8000/")

    assert json.loads((data_dir / "runtime.json").read_text())["url"] == "http://127.0.0.1:8000/"
    folder.leave()
    assert folder.runtime() == {}
