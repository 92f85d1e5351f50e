"""The next free error codes of an app, one for each kind of failure."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.domain.errors import CryonelError
from apps.core.management.commands.error_catalogue import every_error

BLOCKS = {  # each app numbers its codes within a hundred of its own, so that two never collide
    "core": 0, "venues": 1, "accounts": 2, "portfolio": 3, "trading": 4, "vault": 5, "billing": 6,
    "markets": 7, "copytrading": 8, "predictions": 9, "coach": 10, "alerts": 11, "ops": 12,
}  # fmt: skip


def next_free(codes: list[str], app: str, prefix: str) -> str:
    """The number after the highest that the app uses with a prefix: a code is never used again."""
    first = BLOCKS[app] * 100
    numbers = [int(code[4:]) for code in codes if code.startswith(f"{prefix}-")]
    highest = max((n for n in numbers if first <= n < first + 100), default=first)
    return f"{prefix}-{highest + 1:04d}" if highest + 1 < first + 100 else ""


def prefixes() -> dict[str, str]:
    """{prefix: the class that a failure of this kind derives from}, of those that are in use."""
    found: dict[str, str] = {}
    for code, error in sorted(every_error().items()):
        kinds = [k for k in error.__mro__ if issubclass(k, CryonelError) and not k.code]
        found.setdefault(code[:3], kinds[0].__name__)
    return found


class Command(BaseCommand):
    help = "Say which error codes an app may take next, by kind of failure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", metavar="APP", help=", ".join(BLOCKS))

    def handle(self, *args: Any, **options: Any) -> None:
        app = options["app"]
        if app not in BLOCKS:
            raise CommandError(f"{app} has no block of codes. Apps that have: {', '.join(BLOCKS)}.")
        codes = list(every_error())
        for prefix, kind in sorted(prefixes().items()):
            code = next_free(codes, app, prefix) or "the block is full"
            self.stdout.write(f"{code:20} {kind}")
