"""The audit trail can only grow: the database itself refuses UPDATE and DELETE on it.

Lock:     none beyond creating triggers on three small tables.
Rollback: reverse drops the triggers; nothing else depends on them.
"""

from __future__ import annotations

from django.db import migrations

TABLES = ("core_auditentry", "core_auditseal", "core_auditbatch")

FORWARD = """
CREATE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
""" + "\n".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();"
    for table in TABLES
)

REVERSE = (
    "\n".join(f"DROP TRIGGER {table}_append_only ON {table};" for table in TABLES)
    + "\nDROP FUNCTION core_append_only();"
)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_create_tables")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
