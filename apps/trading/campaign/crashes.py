"""How a process of a campaign ends before its time: by SIGKILL, at a moment the seed chose."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from apps.trading import crash_points

POINT, STATEMENT, MOMENT, CUT = "point", "statement", "moment", "cut"
CUT_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Crash:
    """What ends a process, or its database connections (`cut`), and when.

    point: the `nth` passing of the named point; statement: instead of the `nth` statement to the
    database; moment: `nth` milliseconds after its start; cut: instead of the `nth` statement all
    connections to the database are ended, as a restart of the server does, and the process lives.
    """

    kind: str
    nth: int
    point: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.point}#{self.nth}"


def arm(crash: Crash, note: Callable[[str], None]) -> None:
    """In the process that is to end; `note` hears of it just before."""
    if crash.kind == MOMENT:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, crash.nth / 1000)
    elif crash.kind == POINT:
        crash_points.hook = _at_point(crash, note)
    else:
        connection.execute_wrappers.append(_at_statement(crash, note))


def _at_point(crash: Crash, note: Callable[[str], None]) -> Callable[[str], None]:
    passed = 0

    def passing(point: str) -> None:
        nonlocal passed
        passed += point == crash.point
        if point == crash.point and passed == crash.nth:
            note(point)
            _die()

    return passing


def _at_statement(crash: Crash, note: Callable[[str], None]) -> Callable[..., Any]:
    count = 0

    def run(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == crash.nth:
            note(f"{crash.kind} {sql.split(maxsplit=1)[0].lower()}")
            if crash.kind == STATEMENT:
                _die()
            _cut(connection.get_connection_params())
        return execute(sql, params, many, context)

    return run


def _cut(parameters: dict[str, Any]) -> None:
    words = {name: parameters[name] for name in ("dbname", "user", "host") if name in parameters}
    with psycopg.connect(**words, autocommit=True) as link:
        link.execute(CUT_ALL)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
