"""Kernels work wherever the cache folder is, or where there can be none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ADD = """
from apps.venues.domain import compiled
@compiled.compiled
def add(a, b):
    return a + b
print(add(2, 3), compiled.CACHED)
"""


@pytest.fixture
def printed(tmp_path):
    def run(cache: Path) -> str:
        script = tmp_path / "add.py"
        script.write_text(ADD)
        environ = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, str(script)], env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


def test_a_kernel_is_kept_in_the_folder_of_its_sources(printed, tmp_path):
    assert printed(tmp_path / "numba") == "5 True"
    (folder,) = (tmp_path / "numba").iterdir()
    assert list(folder.rglob("*.nbi"))


def test_a_kernel_works_where_nothing_can_be_written(printed, tmp_path):
    (tmp_path / "file").write_text("")
    assert printed(tmp_path / "file" / "numba") == "5 False"
    assert not list(tmp_path.rglob("*.nbi"))
