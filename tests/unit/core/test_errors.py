from __future__ import annotations

import importlib
import pkgutil
import re

import apps
from apps.core.domain.errors import PREFIXES, CryonelError


def every_error() -> dict[str, type[CryonelError]]:
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        if re.search(r"\.domain\.(\w+_)?errors$", module.name):
            importlib.import_module(module.name)
    return CryonelError.registry


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
    import pytest

    with pytest.raises(TypeError, match="VAL-0001 is taken by AmountInvalid"):
        type("Thief", (CryonelError,), {"code": "VAL-0001"})
