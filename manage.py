#!/usr/bin/env python
"""CRYONEL's command line. `manage.py demo` is the whole product in one command."""

from __future__ import annotations

import os
import sys


def _take_data_dir(argv: list[str]) -> list[str]:
    """Settings derive the embedded servers' sockets from the data folder: it comes first.

    Any command may be given `--data-dir`; those that do not know it never see it.
    """
    rest = list(argv)
    for position, word in enumerate(argv):
        if word == "--data-dir" and position + 1 < len(argv):
            os.environ["CRYONEL_DATA_DIR"] = os.path.abspath(argv[position + 1])
            rest = argv[:position] + argv[position + 2 :]
        elif word.startswith("--data-dir="):
            os.environ["CRYONEL_DATA_DIR"] = os.path.abspath(word.partition("=")[2])
            rest = argv[:position] + argv[position + 1 :]
    return argv if argv[1:2] in (["demo"], ["run"]) else rest


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryonel.settings.base")
    sys.argv = _take_data_dir(sys.argv)
    from django.core.management import execute_from_command_line

    from cryonel import embedded

    with embedded.door(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
