"""A configuration that cannot work is refused with the place and the reason."""

from __future__ import annotations

from typing import Any

import pytest

from apps.practice.config import ConfigInvalid, config_parse
from apps.practice.sources import SourceUnavailable
from apps.practice.sources.choice import sources_for


def instance(**changes: Any) -> dict[str, Any]:
    right = {
        "code": "alpha",
        "source": {"kind": "manual"},
        "maker_fee": "0.0002",
        "taker_fee": "0.0005",
        "symbols": ["BTC/USDT"],
    }
    return {"instances": [right | changes]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "Alpha!"}, "instance code 'Alpha!'"),
        ({"code": "control"}, "instance code 'control'"),
        ({"source": {"kind": "magic"}}, "source.kind must be one of"),
        ({"taker_fee": "5 bps"}, "taker_fee must be a fraction"),
        ({"taker_fee": "0.5"}, "not between 0 and 0.1"),
        ({"symbols": []}, "symbols"),
        ({"symbols": ["BTCUSDT"]}, "not of the form BASE/QUOTE"),
        ({"symbols": [{"symbol": "BTC/USDT", "tikc": "1"}]}, "unknown rules: tikc"),
        ({"limits": {"weight_per_minute": 0}}, "positive whole numbers"),
        ({"surprise": 1}, "unknown keys: surprise"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        config_parse(instance(**changes))


def test_two_instances_cannot_share_a_code() -> None:
    twice = {"instances": instance()["instances"] * 2}

    with pytest.raises(ConfigInvalid, match="two instances are called 'alpha'"):
        config_parse(twice)


def test_a_live_market_without_its_client_is_unavailable_with_a_sentence() -> None:
    config = config_parse(instance(source={"kind": "live", "port": "apps.nowhere:Feed"}))

    with pytest.raises(SourceUnavailable, match="live markets are not available"):
        sources_for(config)
