"""Take over the credentials of an older installation. Shows names, never values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.core.api import say
from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.vault import services
from apps.vault.domain.fernet_import import credentials_read


class Command(BaseCommand):
    help = 'Import a JSON list of {"category", "name", "value"} whose values are Fernet tokens.'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key-file", type=Path, required=True, help="the Fernet key, base64")
        parser.add_argument("--workspace", type=int, required=True, help="who will own them")
        parser.add_argument("--take-plain", action="store_true", help="accept unencrypted values")
        parser.add_argument("--dry-run", action="store_true", help="check all, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = credentials_read(
                _text(options["file"]),
                key=_text(options["key_file"]),
                plain_allowed=options["take_plain"],
            )
            services.secrets_import(
                actor=Actor.platform(options["workspace"]),
                credentials=found,
                now=timezone.now(),
                dry_run=options["dry_run"],
            )
        except CryonelError as e:
            raise CommandError(f"{e.code}: {say(e)}") from None  # no chain: it could hold a value
        for credential in found:
            self.stdout.write(f"  {credential.category}: {credential.name}")
        verb = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(self.style.SUCCESS(f"{len(found)} credentials {verb}."))


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as e:
        raise CommandError(f"{path} cannot be read.") from e
