"""Rows of several tables stored in one statement, for changes that somebody waits for.

Each INSERT of the ORM is a round trip and some CPU; a change that touches six tables pays six
times. Here the same model instances become one statement, with one parameter for each table: its
rows as JSON, which PostgreSQL takes apart. Constraints and triggers hold as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import Model

Column = tuple[str, str]  # (attribute, column)


def insert(*rows: Model) -> None:
    """Store unsaved rows inside the caller's transaction. For columns of numbers, text, times,
    booleans and JSON.

    Rows that others refer to bring their primary key; other keys are given by the database and
    not read back. Raises what the database raises.
    """
    tables: dict[type[Model], list[Model]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    parts, values = [], []
    for model, group in tables.items():
        columns, value = _packed(model, group)
        parts.append(_statement(model, columns))
        values.append(value)
    *first, last = parts
    named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(first))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {named} {last}" if named else last, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _packed(model: type[Model], rows: Sequence[Model]) -> tuple[tuple[str, ...], str]:
    """The columns that are used, and the rows as JSON. A value that is None is left out, and with
    it a column that is None everywhere: no table here has defaults of the database."""
    columns = _columns(model)
    packed: list[dict[str, Any]] = [
        {column: value for name, column in columns if (value := getattr(row, name)) is not None}
        for row in rows
    ]
    used = dict.fromkeys(column for row in packed for column in row)
    return tuple(used), orjson.dumps(packed, default=str).decode()


@cache
def _columns(model: type[Model]) -> tuple[Column, ...]:
    fields = (field for field in model._meta.local_concrete_fields if not field.generated)
    return tuple((field.attname, str(field.column)) for field in fields)


@cache
def _statement(model: type[Model], columns: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(each) for each in columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608 names of our own models
        f"FROM json_populate_recordset(NULL::{table}, %s)"
    )
