from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection

from cryonel.celery import KeepsConnections, app, keep_connections


def server_process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def between_two_tasks() -> None:
    rules, task = KeepsConnections(app), SimpleNamespace(request=SimpleNamespace(is_eager=False))
    rules.on_task_postrun(sender=task)
    rules.on_task_prerun(sender=task)


@pytest.mark.django_db(transaction=True)
def test_a_worker_thread_keeps_its_database_connection_between_tasks():
    before = server_process()

    between_two_tasks()

    assert server_process() == before


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_replaced_for_the_next_task():
    before = server_process()
    connection.connection.close()

    between_two_tasks()

    assert server_process() != before


def test_the_worker_goes_by_these_rules():
    keep_connections()

    assert [type(fixup.worker_fixup) for fixup in app._fixups] == [KeepsConnections]
