"""The Celery application; `manage.py run worker` and `beat` start it."""

from __future__ import annotations

import os

from celery import Celery
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # no stub

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryonel.settings.base")

app = Celery("cryonel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="tasks_live")
app.autodiscover_tasks(related_name="tasks_sync")
app.autodiscover_tasks(related_name="tasks_orders")


class KeepsConnections(DjangoWorkerFixup):  # type: ignore[misc]
    """Between two tasks a thread keeps its connections, as Django's servers do between requests.

    Celery's own way is to close them around every task: each order then waits for PostgreSQL to
    start a process. Broken and aged connections are closed as CONN_MAX_AGE and
    CONN_HEALTH_CHECKS say.
    """

    def close_database(self, **_named: object) -> None:
        from django.db import close_old_connections

        close_old_connections()

    def close_cache(self) -> None:
        """Redis connections are pooled and checked when they are taken."""


def keep_connections() -> None:
    """Use the above in this process's worker; before the worker starts."""
    for fixup in app._fixups:  # type: ignore[attr-defined]
        fixup.worker_fixup = KeepsConnections(app)
