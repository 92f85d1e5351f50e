from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import idempotency
from apps.core.domain.errors import IdempotencyKeyBusy, IdempotencyKeyReused

pytestmark = pytest.mark.django_db
PRINT = idempotency.fingerprint("POST", "/x", {"a": 1})


def begin(*, now=None, print_=PRINT, workspace_id=1):
    return idempotency.begin(
        workspace_id=workspace_id, key="k", print_=print_, now=now or timezone.now()
    )


def test_a_repeat_gets_the_first_answer():
    assert begin() is None
    idempotency.finish(workspace_id=1, key="k", status=201, answer={"id": 7})

    assert begin() == (201, {"id": 7})


def test_another_request_under_the_same_key_is_refused():
    begin()
    idempotency.finish(workspace_id=1, key="k", status=201, answer={})

    with pytest.raises(IdempotencyKeyReused):
        begin(print_=idempotency.fingerprint("POST", "/x", {"a": 2}))


def test_a_second_click_waits_for_the_first():
    begin()

    with pytest.raises(IdempotencyKeyBusy):
        begin()


def test_another_workspace_has_its_own_keys():
    begin()

    assert begin(workspace_id=2) is None


def test_a_claim_of_a_dead_handler_is_taken_over():
    now = timezone.now()
    begin(now=now)

    assert begin(now=now + timedelta(minutes=3)) is None


def test_a_failed_request_may_be_tried_again():
    begin()
    idempotency.forget(workspace_id=1, key="k")

    assert begin() is None
