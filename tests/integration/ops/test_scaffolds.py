from __future__ import annotations

import importlib.util
import io
import json

import pytest
from django.core.management import CommandError, call_command

from apps.core.management.commands.error_catalogue import every_error
from apps.core.management.commands.error_next import next_free


def said(*words, **options):
    out = io.StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_the_next_code_follows_the_highest_and_never_fills_a_hole():
    codes = ["VAL-0401", "VAL-0408", "VAL-0599", "CNF-0403"]

    assert next_free(codes, "trading", "VAL") == "VAL-0409"
    assert next_free(codes, "trading", "CNF") == "CNF-0404"
    assert next_free(codes, "trading", "AUT") == "AUT-0401"
    assert next_free(codes, "vault", "VAL") == ""  # its hundred is used up


def test_an_app_is_told_free_codes_with_the_class_to_derive_from():
    lines = said("error_next", "trading").splitlines()

    told = dict(line.split() for line in lines)
    assert not told.keys() & every_error().keys()
    assert "InputInvalid" in told.values()
    assert "VenueFailed" in told.values()


def test_an_app_without_a_block_is_named():
    with pytest.raises(CommandError, match="astrology has no block"):
        said("error_next", "astrology")


def test_an_exchange_begins_with_two_files_that_ask_for_their_answers(tmp_path):
    said("venue_new", "bitso", label="Bitso", into=str(tmp_path))

    path = tmp_path / "apps/venues/adapters/bitso.py"
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("bitso", path))
    module.__spec__.loader.exec_module(module)
    payload = json.loads((tmp_path / "tests/contract/payloads/bitso.json").read_text())
    assert (module.ADAPTER.spec.code, module.ADAPTER.spec.label) == ("bitso", "Bitso")
    assert payload["source"] == ""
    assert payload["scenes"]["accepted"] == {"routes": {}}


@pytest.mark.parametrize(
    ("code", "problem"),
    [("kraken", "exists"), ("Kraken!", "letters"), ("nosuchplace", "ccxt has no exchange")],
)
def test_what_cannot_begin_says_why_and_writes_nothing(tmp_path, code, problem):
    with pytest.raises(CommandError, match=problem):
        said("venue_new", code, into=str(tmp_path))

    assert list(tmp_path.iterdir()) == []
