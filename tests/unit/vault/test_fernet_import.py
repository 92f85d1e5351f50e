from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet

from apps.vault.domain.errors import ImportUnreadable
from apps.vault.domain.fernet_import import CATEGORIES, credentials_read

KEY = Fernet.generate_key()


def sealed(value: str) -> str:
    return Fernet(KEY).encrypt(value.encode()).decode()


def read(*rows: object, plain_allowed: bool = False):
    return credentials_read(json.dumps(rows), key=KEY.decode(), plain_allowed=plain_allowed)


def test_every_category_is_decrypted():
    found = read(*({"category": c, "name": "n", "value": sealed(f"v-{c}")} for c in CATEGORIES))

    assert [(each.record, each.value) for each in found] == [
        (f"imported:{category}:n", f"v-{category}") for category in CATEGORIES
    ]


def test_plain_values_are_taken_only_when_asked():
    row = {"category": "api", "name": "n", "value": "plain-text"}

    with pytest.raises(ImportUnreadable, match="row 1 is not encrypted"):
        read(row)
    assert read(row, plain_allowed=True)[0].value == "plain-text"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"category": "bank", "name": "n", "value": "gAAAAAB"}, "no known category"),
        ({"category": "api", "name": " ", "value": "gAAAAAB"}, "no usable name"),
        ({"category": "api", "name": "n", "value": "gAAAAABtopsecret"}, "does not open"),
        ({"category": "api", "name": "n"}, "lacks"),
        ("row", "lacks"),
    ],
)
def test_one_bad_row_refuses_the_file_without_naming_a_value(row, problem):
    good = {"category": "rpc", "name": "n", "value": sealed("topsecret")}

    with pytest.raises(ImportUnreadable, match=problem) as caught:
        read(good, row)
    assert "topsecret" not in str(caught.value)


def test_the_same_credential_twice_is_refused():
    row = {"category": "rpc", "name": "n", "value": sealed("v")}

    with pytest.raises(ImportUnreadable, match="imported:rpc:n"):
        read(row, row)


@pytest.mark.parametrize("key", ["", "short", "!" * 44])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ImportUnreadable, match="32-byte key"):
        credentials_read("[]", key=key, plain_allowed=False)


def test_a_credential_does_not_show_its_value():
    (found,) = read({"category": "rpc", "name": "n", "value": sealed("topsecret")})

    assert "topsecret" not in repr(found)
