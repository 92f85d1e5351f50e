"""Which instances run, on what market, at what fees: read from JSON, checked, refused loudly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson

from apps.practice.domain.rules import RulesImpossible, SymbolRules
from apps.practice.listing import rules_for

SOURCE_KINDS = ("simulated", "recorded", "live", "manual")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_RESERVED = {"control", "instances", "healthz"}


class ConfigInvalid(ValueError):
    """The configuration cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Request weight a minute and address, orders per ten seconds and day and account."""

    weight_per_minute: int = 6000
    orders_per_10s: int = 100
    orders_per_day: int = 200_000
    requests_after_429: int = 20  # that many more lead to a ban
    ban_seconds: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceConfig:
    """One exchange: `source` is {"kind": ..., other keys of that kind}."""

    code: str
    label: str
    source: Mapping[str, Any]
    maker_fee: Decimal
    taker_fee: Decimal
    rules: Mapping[str, SymbolRules]
    limits: RateLimits = field(default_factory=RateLimits)

    @property
    def kind(self) -> str:
        return str(self.source["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeConfig:
    instances: tuple[InstanceConfig, ...]


def config_load(path: Path) -> PracticeConfig:
    """Read and check a JSON file; raises ConfigInvalid."""
    try:
        return config_parse(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        raise ConfigInvalid(f"{path} does not exist") from None
    except orjson.JSONDecodeError as broken:
        raise ConfigInvalid(f"{path} is no JSON: {broken}") from None


def config_parse(raw: object) -> PracticeConfig:
    """Check a decoded configuration; raises ConfigInvalid."""
    if not isinstance(raw, dict) or not isinstance(raw.get("instances"), list):
        raise ConfigInvalid('the configuration needs a list "instances"')
    _require_known("the configuration", raw, {"instances"})
    instances = tuple(_instance(item) for item in raw["instances"])
    if not instances:
        raise ConfigInvalid('"instances" is empty')
    codes = [instance.code for instance in instances]
    for code in codes:
        if codes.count(code) > 1:
            raise ConfigInvalid(f"two instances are called {code!r}")
    return PracticeConfig(instances=instances)


def _instance(raw: object) -> InstanceConfig:
    if not isinstance(raw, dict):
        raise ConfigInvalid("an instance must be an object")
    code = raw.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code in _RESERVED:
        raise ConfigInvalid(f"instance code {code!r} must be lower case letters, digits, _")
    where = f"instance {code!r}"
    _require_known(
        where, raw, {"code", "label", "source", "maker_fee", "taker_fee", "symbols", "limits"}
    )
    source = raw.get("source")
    if not isinstance(source, dict) or source.get("kind") not in SOURCE_KINDS:
        raise ConfigInvalid(f"{where}: source.kind must be one of {', '.join(SOURCE_KINDS)}")
    return InstanceConfig(
        code=code,
        label=str(raw.get("label") or code),
        source=source,
        maker_fee=_fee(where, raw, "maker_fee"),
        taker_fee=_fee(where, raw, "taker_fee"),
        rules=_rules(where, raw.get("symbols")),
        limits=_limits(where, raw.get("limits") or {}),
    )


def _require_known(where: str, raw: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ConfigInvalid(f"{where} has unknown keys: {', '.join(unknown)}")


def _fee(where: str, raw: Mapping[str, Any], name: str) -> Decimal:
    """A fee as a fraction of the received amount ("0.0005" is five basis points)."""
    try:
        fee = Decimal(str(raw[name]))
    except (KeyError, InvalidOperation):
        raise ConfigInvalid(f'{where}: {name} must be a fraction such as "0.0005"') from None
    if not 0 <= fee < Decimal("0.1"):
        raise ConfigInvalid(f"{where}: {name} {fee} is not between 0 and 0.1")
    return fee


def _rules(where: str, symbols: object) -> dict[str, SymbolRules]:
    """Rules by symbol; an item is "BTC/USDT" or an object with the rules that differ."""
    if not isinstance(symbols, list) or not symbols:
        raise ConfigInvalid(f'{where}: "symbols" must be a list of symbols such as "BTC/USDT"')
    rules = {}
    for item in symbols:
        wanted = {"symbol": item} if isinstance(item, str) else item
        if not isinstance(wanted, dict) or not isinstance(wanted.get("symbol"), str):
            raise ConfigInvalid(f"{where}: {item!r} is no symbol")
        try:
            made = rules_for(wanted["symbol"], wanted)
        except (RulesImpossible, InvalidOperation, TypeError) as wrong:
            raise ConfigInvalid(f"{where}: {wrong}") from None
        rules[made.symbol] = made
    return rules


def _limits(where: str, raw: object) -> RateLimits:
    if not isinstance(raw, dict):
        raise ConfigInvalid(f"{where}: limits must be an object")
    _require_known(f"{where}: limits", raw, set(RateLimits.__slots__))
    if not all(isinstance(value, int) and value > 0 for value in raw.values()):
        raise ConfigInvalid(f"{where}: limits must be positive whole numbers")
    return RateLimits(**raw)
