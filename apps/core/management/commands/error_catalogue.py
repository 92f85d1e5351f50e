"""The table of every error code, for support and translators: docs/errors.md."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.domain.errors import CryonelError


def every_error() -> dict[str, type[CryonelError]]:
    """All codes, of every app, whether or not something else has imported them yet."""
    for path in sorted(Path(settings.BASE_DIR).glob("apps/*/domain/*errors.py")):
        app, module = path.parts[-3], path.stem
        importlib.import_module(f"apps.{app}.domain.{module}")
    return CryonelError.registry


def catalogue() -> str:
    lines = [
        "# Error codes",
        "",
        "Written by `manage.py error_catalogue`. A code is never reused or renumbered.",
        "",
        "| code | name | HTTP | retry | sentence |",
        "|---|---|---|---|---|",
    ]
    for code, error in sorted(every_error().items()):
        retry = "yes" if error.retryable else "no"
        sentence = error.template.replace("|", "\\|")
        lines.append(f"| {code} | {error.name} | {error.status} | {retry} | {sentence} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Write docs/errors.md; with --check fail when it is out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "errors.md"
        fresh = catalogue()
        if options["check"]:
            if not path.exists() or path.read_text() != fresh:
                raise CommandError("docs/errors.md is out of date: run manage.py error_catalogue")
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(fresh)
        self.stdout.write(f"{len(CryonelError.registry)} codes written")
