"""The demo as people start it: real processes, real servers, real addresses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from apps.ops.demo.ports import free_port

from .conftest import REPOSITORY, gone


@pytest.fixture
def demo(data_dir):
    """Start `manage.py demo --json` on a folder and port; returns the process and its line."""
    started = []

    def start(*words, folder=data_dir):
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CRYONEL_", "DJANGO_SETTINGS", "DATABASE_", "REDIS_"))
        }
        line = [sys.executable, "manage.py", "demo", "--json", "--data-dir", str(folder), *words]
        process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environ,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def ready(process):
    """The demo's one line; what it said on the way when there is none."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def status(url):
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return answer.status


def pids(folder):
    return list(json.loads((folder / "runtime.json").read_text())["pids"].values())


def test_the_demo_serves_starts_again_with_its_data_and_leaves_nothing(demo, data_dir):
    first = demo("--port", str(free_port()))
    told = ready(first)
    roles = pids(data_dir)

    assert sorted(told) == ["api_token", "login_url", "url"]
    assert status(told["url"] + "health/ready") == 200
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert gone(*roles)

    second = demo("--port", str(free_port()))
    assert status(ready(second)["url"] + "health/ready") == 200
    second.send_signal(signal.SIGINT)
    assert second.stdout.read() == ""
    assert "alice is back" in second.stderr.read()
    assert second.wait(30) == 0


def test_a_second_demo_on_the_same_folder_is_told_where_the_first_runs(demo):
    first = demo("--port", str(free_port()))
    url = ready(first)["url"]
    second = demo("--port", str(free_port()))

    assert "A demo already runs on" in (said := second.stderr.read())
    assert url in said
    assert second.wait(30) == 1
    assert status(url + "health/live") == 200


def test_two_demos_run_side_by_side_and_end_by_themselves(demo, data_dir):
    folders = [data_dir / "one", data_dir / "two"]
    both = [demo("--exit-after", "20", "--port", str(free_port()), folder=each) for each in folders]
    urls = [ready(each)["url"] for each in both]

    assert [status(url + "health/live") for url in urls] == [200, 200]
    assert [each.wait(60) for each in both] == [0, 0]
