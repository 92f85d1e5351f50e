"""Waiting for real signs of life, never for time to pass."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cryonel.supervisor import Supervisor

SECONDS = 60.0


class NotReady(Exception):
    """Something did not come up in time; the message names it and its log."""


def wait_for_practice(url: str, supervisor: Supervisor) -> str:
    """Until the practice venue lists its instances; returns their codes."""
    found = _wait(f"{url}/instances", supervisor, "practice", lambda status, _: status == 200)
    listed = found.get("instances", found) if isinstance(found, dict) else found
    return ", ".join(str(instance["code"]) for instance in listed)


def wait_for_site(url: str, supervisor: Supervisor) -> None:
    """Until /health/ready says that everything requests need is there."""
    _wait(f"{url}health/ready", supervisor, "live", lambda status, _: status == 200)


def wait_for_roles(roles: dict[str, int], seconds: float = SECONDS) -> list[str]:
    """Until as many instances of each role as given have been seen; returns who is missing.

    Reads the database, so it runs in a process of its own.
    """
    from django.utils import timezone

    from apps.core import beats

    deadline = time.monotonic() + seconds
    while True:
        now = timezone.now()
        missing = [
            role for role, count in roles.items() if len(beats.alive(role=role, now=now)) < count
        ]
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(0.1)


def _wait(url: str, supervisor: Supervisor, label: str, well: Callable[[int, Any], bool]) -> Any:
    deadline = time.monotonic() + SECONDS
    said = "no answer"
    while time.monotonic() < deadline:
        supervisor.look_after()
        try:
            status, answer = _get(url)
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        if well(status, answer):
            return answer
        said = json.dumps(answer)[:300]
        time.sleep(0.1)
    log = supervisor.log_dir / f"{label}.log"
    raise NotReady(f"{label} was not ready after {SECONDS:.0f} s: {said}. Its log: {log}")


def _get(url: str) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, None
