from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts import second_factor, services
from apps.accounts.domain.errors import (
    SecondFactorBroken,
    SecondFactorMissing,
    SecondFactorPresent,
    SecondFactorRefused,
)
from apps.core.domain.errors import TooManyRequests
from apps.core.models import AuditEntry
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's own: "12345678901234567890"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def code_now(shift: int = 0) -> str:
    step = int(timezone.now().timestamp()) // 30 + shift
    return format_hotp_value(hotp_value(SECRET, step))


@pytest.fixture
def enrolled(alice, clock):
    codes = second_factor.second_factor_enrol(
        actor=alice.actor, secret=SECRET, code=code_now(), now=timezone.now()
    )
    clock.shift(timedelta(minutes=6))
    return codes


def check(person, code: str) -> None:
    second_factor.second_factor_check(actor=person.actor, code=code, now=timezone.now())


def test_the_code_is_the_one_of_rfc_6238(clock):
    clock.move_to(datetime.fromtimestamp(1111111109, UTC))

    assert code_now() == "081804"  # its table, the last six digits


def test_a_wrong_first_code_switches_nothing_on(alice):
    with pytest.raises(SecondFactorRefused):
        second_factor.second_factor_enrol(
            actor=alice.actor, secret=SECRET, code="000000", now=timezone.now()
        )
    assert not second_factor.is_enrolled(user_id=alice.user.pk)


def test_it_is_switched_on_once(alice, enrolled):
    with pytest.raises(SecondFactorPresent):
        second_factor.second_factor_enrol(
            actor=alice.actor, secret=SECRET, code=code_now(), now=timezone.now()
        )


def test_the_secret_does_not_stand_in_the_database(enrolled):
    held = [str(row.data) for row in Authenticator.objects.all()]

    assert not any(SECRET in text for text in held)


def test_a_secret_that_was_tampered_with_opens_nothing(alice, enrolled):
    row = Authenticator.objects.get(type="totp")
    text = row.data["secret"]
    row.data["secret"] = ("A" if text[0] != "A" else "B") + text[1:]
    row.save()

    with pytest.raises(SecondFactorBroken):
        check(alice, code_now())


def test_a_right_code_passes(alice, enrolled):
    check(alice, code_now())


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_clock_half_a_minute_off_passes(alice, enrolled, shift):
    check(alice, code_now(shift))


@pytest.mark.parametrize("shift", [-2, 2])
def test_an_older_or_later_code_is_refused(alice, enrolled, shift):
    with pytest.raises(SecondFactorRefused):
        check(alice, code_now(shift))


def test_a_code_counts_once_for_as_long_as_it_is_valid(alice, enrolled, clock):
    code = code_now(1)
    check(alice, code)
    clock.shift(timedelta(seconds=59))

    with pytest.raises(SecondFactorRefused):
        check(alice, code)


def test_a_recovery_code_counts_once(alice, enrolled):
    check(alice, enrolled[0])

    with pytest.raises(SecondFactorRefused):
        check(alice, enrolled[0])
    assert second_factor.recovery_codes_left(user_id=alice.user.pk) == 9


def test_a_used_recovery_code_stays_used_when_the_cache_forgets(alice, enrolled):
    check(alice, enrolled[0])
    cache.clear()

    with pytest.raises(SecondFactorRefused):
        check(alice, enrolled[0])


def test_a_refusal_is_audited(alice, enrolled):
    with pytest.raises(SecondFactorRefused):
        check(alice, "000000")

    assert AuditEntry.objects.filter(action="accounts.second_factor.failed").count() == 1


def test_guessing_ends_after_five_tries(alice, enrolled):
    for _ in range(5):
        with pytest.raises(SecondFactorRefused):
            check(alice, "000000")

    with pytest.raises(TooManyRequests):
        check(alice, code_now())


def test_without_one_there_is_nothing_to_check(mallory):
    with pytest.raises(SecondFactorMissing):
        check(mallory, "000000")


def test_mallorys_own_code_does_not_open_alices(alice, mallory, enrolled):
    with pytest.raises(SecondFactorMissing):
        check(mallory, code_now())


def test_new_recovery_codes_void_the_old_ones(alice, enrolled):
    fresh = second_factor.recovery_codes_renew(
        actor=alice.actor, code=code_now(), now=timezone.now()
    )

    assert len(set(fresh)) == 10
    assert not set(fresh) & set(enrolled)
    with pytest.raises(SecondFactorRefused):
        check(alice, enrolled[3])


def test_it_goes_off_with_a_code_only(alice, enrolled):
    with pytest.raises(SecondFactorRefused):
        second_factor.second_factor_remove(actor=alice.actor, code="000000", now=timezone.now())
    assert second_factor.is_enrolled(user_id=alice.user.pk)

    second_factor.second_factor_remove(actor=alice.actor, code=code_now(), now=timezone.now())
    assert not Authenticator.objects.filter(user_id=alice.user.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_one_code_in_two_places_at_once_passes_once(alice, enrolled):
    code, passed, gate = code_now(), [], threading.Barrier(2)

    def try_it() -> None:
        try:
            gate.wait(10)
            check(alice, code)
            passed.append(True)
        except SecondFactorRefused:
            pass
        finally:
            connection.close()

    runners = [threading.Thread(target=try_it) for _ in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)
    assert passed == [True]


class TestSignIn:
    def first_step(self, client, alice):
        return client.post("/sign-in/?next=/bots/", {"email": alice.email, "password": PASSWORD})

    def test_the_password_alone_opens_nothing(self, client, alice, enrolled):
        answer = self.first_step(client, alice)

        assert answer["Location"] == "/sign-in/second-step/?next=%2Fbots%2F"
        assert client.get("/bots/").status_code == 302

    def test_the_code_opens_the_site(self, client, alice, enrolled):
        self.first_step(client, alice)

        answer = client.post("/sign-in/second-step/", {"code": code_now(), "next": "/bots/"})

        assert answer["Location"] == "/bots/"
        assert client.get("/bots/").status_code == 200

    def test_a_wrong_code_opens_nothing(self, client, alice, enrolled):
        self.first_step(client, alice)

        assert client.post("/sign-in/second-step/", {"code": "000000"}).status_code == 401
        assert client.get("/bots/").status_code == 302

    def test_the_second_step_must_follow_soon(self, client, alice, enrolled, clock):
        self.first_step(client, alice)
        clock.shift(timedelta(minutes=6))

        answer = client.post("/sign-in/second-step/", {"code": code_now()})

        assert answer["Location"] == "/sign-in/"
        assert client.get("/bots/").status_code == 302

    def test_the_second_step_alone_leads_back(self, client, alice, enrolled):
        assert client.get("/sign-in/second-step/")["Location"] == "/sign-in/"

    def test_a_link_needs_the_second_step_too(self, client, alice, enrolled):
        token = services.sign_in_link_create(user_id=alice.user.pk, now=timezone.now())

        client.post(f"/sign-in/{token}/")

        assert client.get("/bots/").status_code == 302

    def test_a_program_must_send_the_code(self, client, alice, enrolled):
        given = {"email": alice.email, "password": PASSWORD}

        without = client.post("/api/v1/auth/token", given, content_type="application/json")
        wrong = client.post(
            "/api/v1/auth/token", given | {"code": "000000"}, content_type="application/json"
        )
        right = client.post(
            "/api/v1/auth/token", given | {"code": code_now()}, content_type="application/json"
        )

        codes = [each.json()["error"]["code"] for each in (without, wrong)]
        assert codes == ["AUT-0206", "AUT-0204"]
        assert right.status_code == 201


class TestPages:
    @pytest.fixture
    def site(self, client, alice) -> Client:
        client.post("/sign-in/", {"email": alice.email, "password": PASSWORD})
        return client

    def test_enrolment_needs_the_password(self, site, alice):
        html = site.get("/account/security/second-factor/").content.decode()
        secret = site.session["second_factor_secret"]
        code = format_hotp_value(hotp_value(secret, int(START.timestamp()) // 30))

        refused = site.post("/account/security/second-factor/", {"code": code, "password": "wrong"})
        done = site.post("/account/security/second-factor/", {"code": code, "password": PASSWORD})

        assert "data:image/svg+xml;base64," in html
        assert refused.status_code == 401
        assert done.content.decode().count("<li><code") == 10
        assert second_factor.is_enrolled(user_id=alice.user.pk)

    def test_a_page_with_secrets_is_not_kept_by_caches(self, site):
        answer = site.get("/account/security/second-factor/")

        assert "no-store" in answer["Cache-Control"]

    def test_an_account_without_a_password_signs_in_again_first(self, client, alice, clock):
        alice.user.set_unusable_password()
        alice.user.save()
        token = services.sign_in_link_create(user_id=alice.user.pk, now=timezone.now())
        client.post(f"/sign-in/{token}/")
        assert client.get("/account/security/second-factor/").status_code == 200

        clock.shift(timedelta(minutes=31))

        assert client.get("/account/security/second-factor/").status_code == 302
