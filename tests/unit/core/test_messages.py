from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from cryonel import messages

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(scope="module")
def wanted():
    return {(m.id, m.context) for m in messages.extracted(ROOT) if m.id}


def test_texts_of_code_templates_and_plurals_are_found(wanted):
    texts = {text for text, _context in wanted}

    assert "Sign in first." in texts  # an error's sentence
    assert "Threshold" in texts  # a strategy's parameter
    assert "Skip to the content" in texts  # a template
    assert ("%(n)s trade", "%(n)s trades") in texts  # a template's plural


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_is_translated(wanted, language):
    catalog = read_po(BytesIO(messages.po_path(ROOT, language).read_bytes()), locale=language)

    assert wanted - {(m.id, m.context) for m in catalog} == set()
    assert messages.missing(catalog) == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_translation_loses_a_placeholder(language):
    catalog = read_po(BytesIO(messages.po_path(ROOT, language).read_bytes()), locale=language)
    wrong = [m.id for m in catalog if m.id and messages.placeholders_differ(m)]

    assert wrong == []


def test_compiling_makes_what_is_missing_and_only_that(tmp_path):
    source = messages.po_path(tmp_path, "de")
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr ""\n\nmsgid "Trades"\nmsgstr "Geschäfte"\n')

    assert messages.compile_stale(tmp_path) == 1
    assert messages.compile_stale(tmp_path) == 0
    assert "Geschäfte".encode() in source.with_suffix(".mo").read_bytes()
