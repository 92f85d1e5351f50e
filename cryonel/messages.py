"""Translations without gettext tools: Babel extracts from Python and templates, and compiles.

The .po files are the source; .mo files are built where they are missing or older.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

LANGUAGES = ("de", "es", "fr", "tr", "zh_Hans")
DOMAIN = "django"
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "_": None,
}


def po_path(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """(file, text as Python) of everything that may hold a message."""
    from django.utils.translation import templatize

    for path in sorted([*root.glob("apps/**/*.py"), *root.glob("cryonel/**/*.py")]):
        if "migrations" not in path.parts:
            yield path, path.read_text()
    for path in sorted(root.glob("templates/**/*.html")):
        text = templatize(path.read_text(), origin=str(path))
        yield path, "\n".join(line.strip() for line in text.splitlines())  # no indentation


def extracted(root: Path) -> Any:
    """A Babel catalog of every marked message, with its places."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract

    catalog = Catalog(project="CRYONEL", charset="utf-8")
    for path, text in sources(root):
        place = path.relative_to(root).as_posix()
        found = extract("python", BytesIO(text.encode()), keywords=KEYWORDS)
        for _line, message, _comments, context in found:
            flags = ["python-brace-format"] if _braces(message) else []
            catalog.add(message, locations=[(place, 0)], context=context, flags=flags)
    return catalog


def _braces(message: Any) -> bool:
    text = message if isinstance(message, str) else message[0]
    return "{" in text and "%(" not in text


def update(root: Path) -> dict[str, tuple[int, int]]:
    """Bring every .po up to the code; per language (messages, still to translate)."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    template = extracted(root)
    counts = {}
    for language in LANGUAGES:
        path = po_path(root, language)
        if path.exists():
            catalog = read_po(BytesIO(path.read_bytes()), locale=language)
        else:
            catalog = Catalog(locale=language, project="CRYONEL", charset="utf-8")
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = BytesIO()
        write_po(
            buffer, catalog, width=0, sort_output=True, omit_header=False, include_lineno=False
        )
        path.write_bytes(_without_dates(buffer.getvalue()))
        counts[language] = (len(catalog), len(missing(catalog)))
    return counts


def _without_dates(content: bytes) -> bytes:
    """Creation dates would change the file at each run."""
    lines = content.split(b"\n")
    dates = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By')
    return b"\n".join(line for line in lines if not line.startswith(dates))


def missing(catalog: Any) -> list[str]:
    """Messages without a translation, or with other placeholders than the source."""
    return [str(m.id) for m in catalog if m.id and (not _translated(m) or m.fuzzy)]


def _translated(message: Any) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(texts)


PLACEHOLDER = re.compile(r"%\(\w+\)s|%[sd]|\{\w*\}")


def placeholders_differ(message: Any) -> bool:
    """Whether a translation lacks a placeholder of its source or has one of its own.

    A plural form may leave the number out where the language says it in words.
    """
    sources = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    allowed = {found for text in sources for found in PLACEHOLDER.findall(text)}
    needed = allowed if len(sources) == 1 else set()
    found = [set(PLACEHOLDER.findall(text)) for text in texts if text]
    return any(each - allowed or needed - each for each in found)


def compile_stale(root: Path) -> int:
    """Build the .mo files that are missing or older than their .po; return how many."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    built = 0
    for language in LANGUAGES:
        source = po_path(root, language)
        target = source.with_suffix(".mo")
        if not source.exists():
            continue
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        catalog = read_po(BytesIO(source.read_bytes()), locale=language)
        draft = target.with_suffix(".draft")
        with draft.open("wb") as file:
            write_mo(file, catalog)
        draft.replace(target)
        built += 1
    return built
