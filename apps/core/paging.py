"""Cursor pages: stable while rows arrive, cheap at any depth, nothing to guess from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from apps.core.domain.errors import CursorInvalid

Row = TypeVar("Row", bound=Model)
LARGEST = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    items: Sequence[Row]
    next_cursor: str | None


def page(rows: QuerySet[Row], *, cursor: str | None, size: int = 50) -> Page[Row]:
    """Newest first by primary key. `cursor` is what the last page gave; raises CursorInvalid."""
    size = max(1, min(size, LARGEST))
    if cursor:
        rows = rows.filter(pk__lt=_decoded(cursor))
    found = list(rows.order_by("-pk")[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _encoded(found[-1].pk) if more else None)


def _encoded(pk: int) -> str:
    return base64.urlsafe_b64encode(f"k{pk}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if not text.startswith("k") or not text[1:].isdecimal():
            raise ValueError
        return int(text[1:])
    except (ValueError, UnicodeDecodeError) as e:
        raise CursorInvalid from e
