from __future__ import annotations

import re

import pytest

from apps.core.domain.errors import PREFIXES, CryonelError
from apps.core.management.commands.error_catalogue import every_error


def test_each_code_has_the_prefix_of_its_class():
    wrong = [
        code
        for code, error in every_error().items()
        if not re.fullmatch(r"[A-Z]{3}-\d{4}", code) or not issubclass(error, PREFIXES[code[:3]])
    ]

    assert wrong == []


def test_each_error_has_a_sentence():
    assert [code for code, error in every_error().items() if not error.template] == []


def test_a_code_cannot_be_taken_twice():
    with pytest.raises(TypeError, match="VAL-0001 is taken by AmountInvalid"):
        type("Thief", (CryonelError,), {"code": "VAL-0001"})
