from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from apps.vault.models import SealedField
from apps.venues.models import Connection
from tests.factories.venues import paper_connection


@pytest.fixture
def as_alice(client, alice):
    client.force_login(alice.user)
    return client


def page(client, name, *arguments, **query):
    return client.get(reverse(name, args=arguments), query)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_choice_shows_practice_and_exchanges(as_alice, practice):
    text = page(as_alice, "connection-add").content.decode()

    assert "Practice Alpha" in text
    assert "?venue=binance" in text


def test_a_venues_page_says_rights_steps_and_proof_before_a_key_is_typed(as_alice, practice):
    text = page(as_alice, "connection-add", venue="binance").content.decode()

    assert "Enable Spot &amp; Margin Trading" in text
    assert "refuses one that may withdraw" in text
    assert 'type="password"' in text


def test_a_paper_account_is_opened_and_its_page_shows_what_it_holds(as_alice, practice):
    address = reverse("connection-add") + "?venue=practice.alpha"

    response = as_alice.post(address, {"label": "Paper", "credential_USDT": "2500"}, follow=True)

    row = Connection.objects.get()
    assert response.redirect_chain == [(reverse("connection-detail", args=[row.pk]), 302)]
    text = response.content.decode()
    assert "Paper" in text
    assert "2,500" in text
    assert "Proven: the exchange was asked" in text


def test_a_refused_key_comes_back_as_a_form_without_the_secret(as_alice, practice):
    made = practice.open_account_now("alpha", {})
    sent = {
        "venue": "kraken",
        "label": "",
        "need": "VIEW",
        "credential_key": made.key,
        "credential_secret": "",
    }

    response = as_alice.post(reverse("connection-add") + "?venue=binance", sent)

    assert response.status_code == 422
    assert not Connection.objects.exists()
    sent["credential_secret"] = "s" * 40
    again = as_alice.post(reverse("connection-add") + "?venue=binance", sent)
    assert again.status_code == 503  # tests reach no exchange
    assert "s" * 40 not in again.content.decode()
    assert not SealedField.objects.exists()


def test_the_list_has_a_fixed_number_of_queries(
    as_alice, alice, practice, django_assert_max_num_queries
):
    row = paper_connection(alice)
    page(as_alice, "connection-list")
    with django_assert_max_num_queries(20) as one:
        page(as_alice, "connection-list")
    rows = [Connection.objects.get(pk=row.pk) for _ in range(9)]
    for number, copy in enumerate(rows):
        copy.pk, copy.uid, copy.label = None, f"{number:032x}", f"copy {number}"
        copy.save()
    with django_assert_max_num_queries(20) as ten:
        text = page(as_alice, "connection-list").content.decode()

    assert len(one) == len(ten)
    assert "copy 8" in text


def test_test_pause_and_resume_come_back_to_the_page_and_say_so(as_alice, alice, practice):
    row = paper_connection(alice)
    detail = reverse("connection-detail", args=[row.pk])

    for name, word in (
        ("connection-test", "The key works."),
        ("connection-pause", "Paused. Nothing uses this key now."),
        ("connection-resume", "Resumed."),
        ("connection-top-up", "10000 USDT added."),
        ("connection-reset", "The practice account starts again."),
    ):
        response = as_alice.post(reverse(name, args=[row.pk]))
        assert (response.status_code, response["Location"]) == (302, detail)
        assert said(response)[-1] == word


def test_a_revoked_key_is_said_on_the_page(as_alice, alice, practice):
    row = paper_connection(alice)
    practice.control("POST", f"alpha/accounts/{row.practice_account}/revoke", {})

    as_alice.post(reverse("connection-test", args=[row.pk]))

    text = page(as_alice, "connection-detail", row.pk).content.decode()
    assert "Practice Alpha does not accept this key." in text
    assert 'data-status="INVALID"' in text


def test_removing_wants_the_word_typed(as_alice, alice, practice):
    row = paper_connection(alice)
    address = reverse("connection-remove", args=[row.pk])

    as_alice.post(address, {"confirm": "remove it"})
    assert Connection.objects.get().removed_at is None
    response = as_alice.post(address, {"confirm": "REMOVE"})

    assert response["Location"] == reverse("connection-list")
    assert Connection.objects.get().removed_at is not None


POSTS = ["test", "pause", "resume", "remove", "top-up", "reset"]


@pytest.mark.parametrize("action", POSTS)
def test_mallory_gets_not_found_and_changes_nothing(client, alice, mallory, practice, action):
    row = paper_connection(alice)
    before = Connection.objects.values().get()
    client.force_login(mallory.user)

    response = client.post(reverse(f"connection-{action}", args=[row.pk]), {"confirm": "REMOVE"})

    assert response.status_code == 404
    assert Connection.objects.values().get() == before
    assert page(client, "connection-detail", row.pk).status_code == 404
    assert row.label not in page(client, "connection-list").content.decode()


@pytest.mark.parametrize("action", POSTS)
def test_a_stranger_is_sent_to_the_door(client, db, action):
    response = client.post(reverse(f"connection-{action}", args=[1]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("sign-in"))


def test_no_page_changes_anything_on_get(as_alice, alice, practice):
    row = paper_connection(alice)

    answers = {page(as_alice, f"connection-{action}", row.pk).status_code for action in POSTS}

    assert answers == {405}
