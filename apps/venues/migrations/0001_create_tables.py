"""A workspace can connect an account at a venue.

Lock:     none; the table is new.
Rollback: reverse drops the connections; their sealed secrets stay in the vault.
"""

from __future__ import annotations

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_create_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("venue", models.CharField(max_length=60)),
                ("label", models.CharField(max_length=80)),
                ("mode", models.CharField(max_length=10)),
                ("need", models.CharField(max_length=10)),
                ("sealed_set_id", models.BigIntegerField()),
                ("key_version", models.PositiveIntegerField(default=1)),
                ("status", models.CharField(max_length=10)),
                ("status_reason", models.CharField(blank=True, max_length=12)),
                ("status_context", models.JSONField(default=dict)),
                ("rights", models.JSONField(default=dict)),
                ("rights_checked_at", models.DateTimeField(null=True)),
                ("key_hint", models.CharField(blank=True, max_length=4)),
                ("practice_account", models.CharField(blank=True, max_length=80)),
                ("ref", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "removed_at"], name="venues_connection_owner_idx"
                    ),
                    models.Index(
                        condition=models.Q(("removed_at", None)),
                        fields=["status", "id"],
                        name="venues_connection_status_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("removed_at", None), models.Q(("ref", ""), _negated=True)
                        ),
                        fields=("workspace", "ref"),
                        name="venues_connection_ref_once",
                    )
                ],
            },
        ),
    ]
