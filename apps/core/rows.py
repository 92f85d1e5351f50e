"""Rows of several tables stored in one statement, for changes that somebody waits for.

Each INSERT of the ORM is a round trip and some CPU; a change that touches six tables pays six
times. Here the same model instances become one statement; constraints and triggers hold as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Column = tuple[str, Any]  # (attribute, what makes its value one that the database takes)


def insert(*rows: Model) -> None:
    """Store unsaved rows inside the caller's transaction.

    Rows that others refer to bring their primary key; other keys are given by the database and
    not read back. Raises what the database raises.
    """
    tables: dict[type[Model], list[Model]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    values: list[Any] = []
    *first, last = [_insert(model, group, values) for model, group in tables.items()]
    named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(first))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {named} {last}" if named else last, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _insert(model: type[Model], rows: Sequence[Model], values: list[Any]) -> str:
    """The INSERT of one table; its values are appended. A column that is None everywhere is left
    out: no table here has defaults of the database."""
    used = tuple(
        number
        for number, (name, _) in enumerate(_columns(model))
        if any(getattr(row, name) is not None for row in rows)
    )
    columns = [_columns(model)[number] for number in used]
    for row in rows:
        values.extend(ready(getattr(row, name), connection) for name, ready in columns)
    return _statement(model, used, len(rows))


@cache
def _fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    return tuple(field for field in model._meta.local_concrete_fields if not field.generated)


@cache
def _columns(model: type[Model]) -> tuple[Column, ...]:
    return tuple((field.attname, field.get_db_prep_save) for field in _fields(model))


@cache
def _statement(model: type[Model], used: tuple[int, ...], rows: int) -> str:
    quote = connection.ops.quote_name
    fields = _fields(model)
    names = ", ".join(quote(str(fields[number].column)) for number in used)
    row = f"({', '.join(['%s'] * len(used))})"
    table, places = quote(model._meta.db_table), ", ".join([row] * rows)
    return f"INSERT INTO {table} ({names}) VALUES {places}"  # noqa: S608 names of our own models
