"""Recorded answers of venues, out of the folder that CRYONEL_RECORDED_DATA names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.wire import Wire, payload


def recorded(path: str) -> Any:
    """The JSON of one recorded answer; skips the test where there is no recorded data."""
    folder = os.environ.get("CRYONEL_RECORDED_DATA")
    if not folder:
        pytest.skip("set CRYONEL_RECORDED_DATA to the folder with recorded data")
    return json.loads((Path(folder) / "api_samples" / path).read_text(), parse_float=str)


def recorded_wire(code: str, routes: Mapping[str, Any], names: Mapping[str, str]) -> Wire:
    """A wire that answers with recorded bodies, and for the list of markets with the payload's own
    under other `names`."""
    text = json.dumps(payload(code))
    for ours, theirs in names.items():
        text = text.replace(ours, theirs)
    made = Wire(json.loads(text), "")
    made.routes = dict(routes)
    return made
