"""Secrets can be sealed: data keys, sealed fields, the access log, rotations in progress.

Lock:     none; the tables are new.
Rollback: reverse drops the tables and with them every sealed secret.
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
            name="DataKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("wrapped", models.BinaryField()),
                ("kek_version", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KeyRotation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("position", models.BigIntegerField(default=0)),
                ("last", models.BigIntegerField()),
                ("newest_key", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("kind",),
                        name="vault_key_rotation_one_running",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SecretAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField(null=True)),
                ("set_id", models.BigIntegerField()),
                ("record", models.CharField(max_length=120)),
                ("purpose", models.CharField(max_length=80)),
                ("outcome", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace_id", "-id"], name="vault_access_workspace_idx"),
                    models.Index(fields=["set_id", "-id"], name="vault_access_set_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecretSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("record", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                (
                    "data_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="vault.datakey"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SealedField",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("sealed", models.BinaryField()),
                (
                    "secret_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fields",
                        to="vault.secretset",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="datakey",
            index=models.Index(fields=["kek_version", "id"], name="vault_data_key_kek_idx"),
        ),
        migrations.AddConstraint(
            model_name="datakey",
            constraint=models.UniqueConstraint(
                fields=("workspace", "version"), name="vault_data_key_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="datakey",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1), ("version__lte", 255)),
                name="vault_data_key_version_byte",
            ),
        ),
        migrations.AddIndex(
            model_name="secretset",
            index=models.Index(fields=["workspace", "record"], name="vault_secret_set_record_idx"),
        ),
        migrations.AddConstraint(
            model_name="sealedfield",
            constraint=models.UniqueConstraint(
                fields=("secret_set", "name"), name="vault_sealed_field_name_once"
            ),
        ),
    ]
