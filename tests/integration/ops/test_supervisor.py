from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from cryonel.embedded.process import is_alive

from .conftest import REPOSITORY, eventually, gone

SUPERVISE = """
import os, sys
from pathlib import Path
from cryonel.roles import Role
from cryonel.supervisor import Supervisor, end_with_uv
end_with_uv()
folder = Path(os.environ["ROLE_FOLDER"])
def say(line):
    print(line, flush=True)
supervisor = Supervisor(log_dir=folder / "log", say=say, grace=0.5)
supervisor.start([Role(name, f"tests.fakes.roles:{name}") for name in sys.argv[1:]])
say("up")
code = supervisor.run()
say("down")
sys.exit(code)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROLE_FOLDER", str(tmp_path))
    return tmp_path


def noted(folder, name, at_least=1):
    """The process ids that the role wrote, once there are enough."""
    file = folder / name
    assert eventually(lambda: file.exists() and file.read_text().count("\n") >= at_least)
    return [int(line) for line in file.read_text().split()]


def lines_until(process, wanted):
    """Console lines up to the one that contains `wanted`."""
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if wanted in line:
            break
    return lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_every_role_and_exits_cleanly(folder, python, number):
    supervisor = python(SUPERVISE, "obedient")
    (pid,) = noted(folder, "obedient")
    lines_until(supervisor, "up")
    supervisor.send_signal(number)

    assert supervisor.wait(30) == 0
    assert gone(pid)


def test_a_role_that_ignores_sigterm_is_killed(folder, python):
    supervisor = python(SUPERVISE, "stubborn")
    (pid,) = noted(folder, "stubborn")
    lines_until(supervisor, "up")
    supervisor.send_signal(signal.SIGTERM)

    assert "stubborn does not stop; it is killed." in lines_until(supervisor, "down")
    assert gone(pid)


def test_a_killed_role_is_started_again_and_the_console_says_so(folder, python):
    supervisor = python(SUPERVISE, "obedient")
    (first,) = noted(folder, "obedient")
    os.kill(first, signal.SIGKILL)

    assert "obedient was ended by SIGKILL; it starts again in 0.5 s." in " ".join(
        lines_until(supervisor, "SIGKILL")
    )
    assert noted(folder, "obedient", at_least=2)[1] != first


def test_a_crashing_role_waits_longer_each_time_and_leaves_its_trace_in_the_log(folder, python):
    supervisor = python(SUPERVISE, "crashing")
    noted(folder, "crashing", at_least=3)
    lines = [line for line in lines_until(supervisor, "in 1.0 s") if "starts again" in line]

    assert [line.partition(" in ")[2][:3] for line in lines] == ["0.5", "1.0"]
    assert "broken on purpose" in (folder / "log" / "crashing.log").read_text()


def test_killing_the_supervisor_leaves_nothing_even_of_the_deaf(folder, python):
    supervisor = python(SUPERVISE, "obedient", "stubborn", "breeding")
    pids = [noted(folder, name)[0] for name in ("obedient", "stubborn", "breeding", "grandchild")]
    lines_until(supervisor, "up")
    supervisor.send_signal(signal.SIGKILL)

    assert gone(*pids)


def test_what_a_crashed_role_started_does_not_outlive_it(folder, python):
    python(SUPERVISE, "breeding")
    (role,), (grandchild,) = noted(folder, "breeding"), noted(folder, "grandchild")
    os.kill(role, signal.SIGKILL)

    assert gone(grandchild)


def test_killing_uv_ends_what_it_runs(folder):
    words = ["uv", "run", "--no-sync", "python", "-c", SUPERVISE, "obedient"]
    uv = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        (pid,) = noted(folder, "obedient")
        lines_until(uv, "up")
        uv.send_signal(signal.SIGKILL)
        assert gone(pid)
    finally:
        uv.kill()
        uv.communicate()


def test_the_sentinel_ends_with_a_clean_stop(folder, python):
    supervisor = python(SUPERVISE, "obedient")
    noted(folder, "obedient")
    lines_until(supervisor, "up")
    children = _children(supervisor.pid)
    supervisor.send_signal(signal.SIGTERM)
    supervisor.wait(30)

    assert len(children) == 2  # the role and the sentinel
    assert gone(*children)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_role_is_a_process_group_of_its_own(folder, python):
    supervisor = python(SUPERVISE, "obedient")
    (pid,) = noted(folder, "obedient")

    assert os.getpgid(pid) == pid != os.getpgid(supervisor.pid)
    assert is_alive(pid)


def _children(pid):
    path = f"/proc/{pid}/task/{pid}/children"
    with open(path) as file:
        return [int(word) for word in file.read().split()]
