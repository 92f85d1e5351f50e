from __future__ import annotations

import json

import pytest

from apps.core.models import IdempotencyKey
from apps.vault.models import SealedField
from apps.venues.models import Connection
from tests.factories.venues import paper_connection

KEYS = "/api/v1/keys"


@pytest.fixture
def as_alice(client, alice):
    client.force_login(alice.user)
    return client


def post(client, path="", body=None, **headers):
    return client.post(
        f"{KEYS}{path}", json.dumps(body or {}), content_type="application/json", headers=headers
    )


def body(practice, *, secret="", **permissions):
    made = practice.open_account_now("alpha", {"USDT": "100"}, permissions=permissions)
    credentials = {"key": made.key, "secret": secret or made.secret}
    return {
        "venue": "practice.alpha",
        "label": "Mine",
        "need": "TRADE",
        "credentials": credentials,
    }


def test_a_key_is_added_and_shown_without_its_secret(as_alice, practice):
    sent = body(practice)

    response = post(as_alice, body=sent)

    shown = response.json()
    assert response.status_code == 201
    assert {name: shown[name] for name in ("status", "mode", "need", "problem")} == {
        "status": "ACTIVE",
        "mode": "PAPER",
        "need": "TRADE",
        "problem": None,
    }
    assert shown["rights"]["can_withdraw"] is False
    assert shown["key_hint"] == sent["credentials"]["key"][-4:]
    everything = response.content.decode() + as_alice.get(KEYS).content.decode()
    assert sent["credentials"]["secret"] not in everything
    assert sent["credentials"]["key"] not in everything


def test_a_repeat_with_the_same_idempotency_key_adds_once(as_alice, practice):
    sent = body(practice)

    first, again = (post(as_alice, body=sent, **{"Idempotency-Key": "k-1"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert Connection.objects.count() == 1
    kept = str(list(IdempotencyKey.objects.values()))
    assert sent["credentials"]["secret"] not in kept


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"withdraw": True}, 403, "PRM-0101"),
        ({"trade": False}, 403, "PRM-0103"),
        ({"secret": "x" * 64}, 422, "VEN-0106"),
    ],
)
def test_an_unfit_key_is_a_coded_error_and_leaves_nothing(as_alice, practice, change, status, code):
    response = post(as_alice, body=body(practice, **change))

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert as_alice.get(KEYS).json() == {"items": []}
    assert not SealedField.objects.exists()


def test_missing_credentials_are_named(as_alice, practice):
    response = post(as_alice, body={"venue": "practice.alpha", "credentials": {"key": "k"}})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "VAL-0101")
    assert error["details"] == {"credentials": {"secret": "missing"}}


def test_an_unknown_venue_is_not_found(as_alice, practice):
    response = post(as_alice, body={"venue": "practice.nowhere", "credentials": {}})

    assert response.json()["error"]["code"] == "NFD-0101"


def test_a_paper_account_lives_its_whole_life_over_the_api(as_alice, practice):
    opened = post(as_alice, "/paper", {"venue": "practice.beta", "balances": {"USDT": "500"}})
    one = f"/{opened.json()['id']}"

    steps = [
        post(as_alice, f"{one}/top-up", {"asset": "BTC", "amount": "0.25"}).status_code,
        post(as_alice, f"{one}/reset", {"balances": {"USDT": "7"}}).status_code,
        post(as_alice, f"{one}/pause").json()["status"],
        post(as_alice, f"{one}/resume").json()["status"],
        post(as_alice, f"{one}/test").json()["problem"],
        as_alice.delete(KEYS + one).status_code,
        as_alice.get(KEYS + one).status_code,
    ]

    assert opened.status_code == 201
    assert steps == [204, 204, "PAUSED", "ACTIVE", None, 204, 404]
    held = practice.control("GET", "beta/accounts")["accounts"][0]["balances"]
    assert held["USDT"]["free"] == "7.00000000"


def test_a_failed_test_is_told_with_code_and_sentence(as_alice, alice, practice):
    row = paper_connection(alice)
    practice.control("POST", f"alpha/accounts/{row.practice_account}/revoke", {})

    shown = post(as_alice, f"/{row.pk}/test").json()

    assert (shown["status"], shown["problem"]["code"]) == ("BROKEN", "VEN-0106")
    assert shown["problem"]["message"].startswith("Practice Alpha does not accept this key.")


ROUTES = [
    ("get", ""),
    ("delete", ""),
    ("post", "/test"),
    ("post", "/pause"),
    ("post", "/resume"),
    ("post", "/top-up"),
    ("post", "/reset"),
]


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_mallory_finds_nothing_and_changes_nothing(client, alice, mallory, practice, method, route):
    row = paper_connection(alice)
    before = Connection.objects.values().get()
    client.force_login(mallory.user)

    response = client.generic(
        method.upper(),
        f"{KEYS}/{row.pk}{route}",
        json.dumps({"asset": "USDT", "amount": "1"}),
        content_type="application/json",
    )

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NFD-0102")
    assert Connection.objects.values().get() == before
    assert client.get(KEYS).json() == {"items": []}


@pytest.mark.parametrize(("method", "route"), [*ROUTES, ("post", "/paper")])
def test_a_stranger_is_sent_away(client, db, method, route):
    path = f"{KEYS}/paper" if route == "/paper" else f"{KEYS}/1{route}"

    assert getattr(client, method)(path).status_code == 401


def test_venues_say_how_to_make_a_key_and_how_its_rights_are_proven(as_alice, practice):
    items = {item["code"]: item for item in as_alice.get("/api/v1/venues").json()["items"]}

    assert items["practice.alpha"]["kind"] == "PRACTICE"
    binance = items["binance"]
    assert (binance["rights_proof"], binance["kind"]) == ("PROBE", "EXCHANGE")
    assert [field["name"] for field in binance["credential_fields"]] == ["key", "secret"]
    assert binance["key_steps"]
    assert binance["key_page"].startswith("https://")


def test_venues_are_listed_while_the_practice_venue_is_down(as_alice, settings):
    settings.PRACTICE_URL = "http://127.0.0.1:9"

    items = as_alice.get("/api/v1/venues").json()["items"]

    assert "binance" in {item["code"] for item in items}
    assert not [item for item in items if item["kind"] == "PRACTICE"]
