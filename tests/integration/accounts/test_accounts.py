from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts import selectors, services
from apps.accounts.domain.errors import (
    ApiTokenMissing,
    CredentialsInvalid,
    EmailTaken,
    PasswordWeak,
    SignInLinkSpent,
    TokenInvalid,
    WorkspaceMissing,
)
from apps.accounts.models import ApiToken, SignInLink, User
from apps.core.domain.people import Role
from apps.core.models import AuditEntry
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_person_owns_a_workspace_of_their_own(alice):
    actor = selectors.actor_get(user_id=alice.user.pk)

    assert (actor.role, actor.workspace_id) == (Role.OWNER, alice.actor.workspace_id)


def test_an_address_is_taken_in_any_case(alice):
    with pytest.raises(EmailTaken):
        services.user_create(email="ALICE@example.org", password=PASSWORD, now=timezone.now())
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "passwordpassword", "123456789012"])
def test_a_weak_password_is_refused_and_nobody_is_made(password):
    with pytest.raises(PasswordWeak):
        services.user_create(email="bob@example.org", password=password, now=timezone.now())
    assert User.objects.count() == 0


def test_a_stranger_is_no_member(alice, mallory):
    with pytest.raises(WorkspaceMissing):
        selectors.actor_get(user_id=mallory.user.pk, workspace_id=alice.actor.workspace_id)


def test_a_wrong_password_and_an_unknown_address_sound_the_same(alice):
    for email in (alice.email, "nobody@example.org"):
        with pytest.raises(CredentialsInvalid):
            services.credentials_check(email=email, password="wrong")


class TestSignInLink:
    def test_it_works_once(self, alice):
        token = services.sign_in_link_create(user_id=alice.user.pk, now=timezone.now())

        assert services.sign_in_link_redeem(token=token, now=timezone.now()) == alice.user
        with pytest.raises(SignInLinkSpent):
            services.sign_in_link_redeem(token=token, now=timezone.now())

    def test_it_expires(self, alice):
        now = timezone.now()
        token = services.sign_in_link_create(user_id=alice.user.pk, now=now)

        with pytest.raises(SignInLinkSpent):
            services.sign_in_link_redeem(token=token, now=now + timedelta(minutes=31))

    def test_the_database_does_not_know_it(self, alice):
        token = services.sign_in_link_create(user_id=alice.user.pk, now=timezone.now())

        assert token not in str(SignInLink.objects.values())

    def test_a_get_does_not_spend_it(self, client, alice):
        token = services.sign_in_link_create(user_id=alice.user.pk, now=timezone.now())
        client.get(f"/sign-in/{token}/")

        assert client.post(f"/sign-in/{token}/").url == "/dashboard/"

    def test_a_made_up_one_is_refused(self, client):
        assert client.post("/sign-in/made-up/").status_code == 401


class TestApiToken:
    def test_it_opens_its_workspace(self, alice):
        _, clear = services.api_token_create(actor=alice.actor, name="t", now=timezone.now())

        assert selectors.actor_of_token(token=clear, now=timezone.now()) == (
            alice.user,
            alice.actor,
        )

    def test_only_its_hash_is_kept(self, alice):
        _, clear = services.api_token_create(actor=alice.actor, name="t", now=timezone.now())

        assert clear not in str(ApiToken.objects.values())
        assert clear not in str(AuditEntry.objects.values())

    def test_a_revoked_one_opens_nothing(self, alice):
        token, clear = services.api_token_create(actor=alice.actor, name="t", now=timezone.now())
        services.api_token_revoke(actor=alice.actor, token_id=token.pk, now=timezone.now())

        with pytest.raises(TokenInvalid):
            selectors.actor_of_token(token=clear, now=timezone.now())

    def test_mallory_cannot_revoke_it(self, alice, mallory):
        token, _ = services.api_token_create(actor=alice.actor, name="t", now=timezone.now())

        with pytest.raises(ApiTokenMissing):
            services.api_token_revoke(actor=mallory.actor, token_id=token.pk, now=timezone.now())
        token.refresh_from_db()
        assert token.revoked_at is None

    def test_an_inactive_person_has_no_token(self, alice):
        _, clear = services.api_token_create(actor=alice.actor, name="t", now=timezone.now())
        User.objects.update(is_active=False)

        with pytest.raises(TokenInvalid):
            selectors.actor_of_token(token=clear, now=timezone.now())


class TestSignInPage:
    def post(self, client, **data):
        return client.post("/sign-in/", {"email": "alice@example.org", "password": PASSWORD} | data)

    def test_the_right_password_opens_the_dashboard(self, client, alice):
        response = self.post(client)

        assert (response.status_code, response.url) == (302, "/dashboard/")

    def test_a_wrong_password_is_401(self, client, alice):
        assert self.post(client, password="wrong").status_code == 401

    def test_next_leads_only_to_ourselves(self, client, alice):
        assert self.post(client, next="https://evil.example/").url == "/dashboard/"

    def test_next_is_followed_inside(self, client, alice):
        assert self.post(client, next="/bots/").url == "/bots/"

    def test_guessing_is_slowed_down(self, client, alice):
        answers = [self.post(client, password="wrong").status_code for _ in range(7)]

        assert answers == [401] * 5 + [429] * 2

    def test_a_form_without_the_csrf_token_is_refused(self, alice):
        from django.test import Client

        response = Client(enforce_csrf_checks=True).post(
            "/sign-in/", {"email": "a", "password": "b"}
        )

        assert response.status_code == 403


class TestTokenApi:
    def sign_in(self, client, password=PASSWORD):
        body = {"email": "alice@example.org", "password": password}
        return client.post("/api/v1/auth/token", body, content_type="application/json")

    def test_a_script_signs_in_and_is_somebody(self, client, alice):
        token = self.sign_in(client).json()["token"]

        answer = client.get("/api/v1/auth/tokens", headers={"Authorization": f"Bearer {token}"})

        assert [item["name"] for item in answer.json()["items"]] == ["script"]

    def test_a_wrong_password_is_the_envelope(self, client, alice):
        answer = self.sign_in(client, password="wrong")

        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "AUT-0201"
        assert answer.json()["request_id"] == answer["X-Request-ID"]

    def test_nobody_is_401(self, client):
        answer = client.get("/api/v1/auth/tokens")

        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUT-0001")

    def test_a_broken_token_is_401_even_with_a_session(self, client, alice):
        client.force_login(alice.user)

        answer = client.get("/api/v1/auth/tokens", headers={"Authorization": "Bearer cry_no"})

        assert answer.json()["error"]["code"] == "AUT-0203"

    def test_missing_fields_are_named(self, client):
        answer = client.post("/api/v1/auth/token", {}, content_type="application/json")

        assert answer.status_code == 422
        assert set(answer.json()["error"]["details"]) == {"email", "password"}

    def test_an_unknown_address_in_the_api_is_the_envelope(self, client):
        answer = client.get("/api/v1/nothing-here")

        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NFD-0001")

    def test_the_eleventh_sign_in_in_a_minute_waits(self, client, alice):
        answers = [self.sign_in(client, password="wrong").status_code for _ in range(11)]

        assert answers[-1] == 429
