"""manage.py's door: a command that needs the database finds it running, embedded or not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from .addresses import default_data_dir
from .errors import ServiceUnavailable
from .servers import running

# These never talk to a server, or bring their own. Everything else may, so it gets one.
SELF_SUFFICIENT = frozenset(
    {
        "benchmark",
        "check",
        "collectstatic",
        "compilemessages",
        "demo",
        "diffsettings",
        "error_catalogue",
        "findstatic",
        "help",
        "makemessages",
        "run",
        "spectacular",
        "startapp",
        "startproject",
        "test",
        "testserver",
        "version",
    }
)


def needs_servers(argv: Sequence[str]) -> bool:
    """Whether the command line `argv` (manage.py first) may talk to the database or broker."""
    words = argv[1:]
    if not words or words[0].startswith("-") or words[0] in SELF_SUFFICIENT:
        return False
    if {"--help", "-h", "--version"} & set(words):
        return False
    return os.environ.get("RUN_MAIN") != "true"  # runserver's child: the parent has opened


@contextlib.contextmanager
def door(argv: Sequence[str]) -> Iterator[None]:
    """Run a management command inside this block.

    The embedded servers run for its duration when the command needs them, the environment names
    no others and nobody serves the data folder yet. A service that cannot start ends the
    program with its sentence.
    """
    if not needs_servers(argv):
        yield
        return
    try:
        block = running(default_data_dir())
        block.__enter__()
    except ServiceUnavailable as sentence:
        sys.exit(f"{sentence}")
    try:
        yield
    finally:
        block.__exit__(None, None, None)
