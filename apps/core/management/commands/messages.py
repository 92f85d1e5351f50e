"""Texts and their translations: extract, check, compile. No gettext tools needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cryonel import messages


class Command(BaseCommand):
    help = "Bring locale/*.po up to the code and compile them; --check only reports."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when a text is missing in a language"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        if options["check"]:
            self._check(root)
            return
        for language, (total, open_) in messages.update(root).items():
            self.stdout.write(f"{language}: {total} texts, {open_} to translate")
        messages.compile_stale(root)

    def _check(self, root: Path) -> None:
        from io import BytesIO

        from babel.messages.pofile import read_po

        wanted = {(m.id, m.context) for m in messages.extracted(root) if m.id}
        for language in messages.LANGUAGES:
            path = messages.po_path(root, language)
            catalog = read_po(BytesIO(path.read_bytes()), locale=language)
            absent = wanted - {(m.id, m.context) for m in catalog}
            if absent or (open_ := messages.missing(catalog)):
                texts = sorted(str(i) for i, _ in absent) or open_
                raise CommandError(f"{language}: {len(texts)} texts are missing, first: {texts[0]}")
