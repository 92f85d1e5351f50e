"""Rows as CSV text, one line at a time: a download of any length needs no memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
