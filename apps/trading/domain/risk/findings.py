"""What one rule says, and the two questions that nearly every rule asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.money import plain
from apps.trading.domain.policies import SPECS, UNKNOWN, Kind, Limits, Unknown
from apps.trading.domain.risk.facts import RiskContext, Wanted

Number = Decimal | int


class Verdict(StrEnum):
    PASSED = "PASSED"
    NOTED = "NOTED"  # it cannot be judged, and that is no reason to refuse here
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's answer. actual, limit: the figures it compared, where it compared any."""

    verdict: Verdict = Verdict.PASSED
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    actual: Number | None = None
    limit: Decimal | None = None
    scope: str = ""
    kind: str = ""


PASSED = Finding()
Rule = Callable[[Wanted, RiskContext], Finding]


def refused(code: str, **params: str) -> Finding:
    return Finding(Verdict.REFUSED, code, params)


def unknown(what: str, **params: str) -> Finding:
    """`what` is marked for translation; "{asset}" in it stands for the param of that name."""
    return refused("UNKNOWN_STATE", what=what, **params)


def within(
    name: str,
    code: str,
    pairs: Iterable[tuple[Number | None, Limits]],
    *,
    word: str,
    reached: bool = False,
    **params: str,
) -> Finding:
    """Is each actual figure within its limit? `reached`: the limit itself is already too much.

    The first breach is told; without one, the figure that is nearest to its limit.
    """
    spec, near, nearest = SPECS[name], PASSED, Decimal(-1)
    for actual, limits in pairs:
        limit = limits.get(name)
        if limit is None:
            continue
        value = limit.value
        if value is UNKNOWN or isinstance(value, Unknown):
            return unknown(spec.label)
        if actual is None:
            return unknown(spec.label)
        if _broken(actual, value, least=spec.least, reached=reached):
            figures = {word: shown(actual, spec.kind), "max": shown(value, spec.kind)}
            params |= figures | {"scope": limit.scope}
            return Finding(Verdict.REFUSED, code, params, actual, value, limit.scope, spec.kind)
        use = _use(actual, value, least=spec.least)
        if use > nearest:
            nearest = use
            near = Finding(actual=actual, limit=value, scope=limit.scope, kind=spec.kind)
    return near


def _broken(actual: Number, limit: Decimal, *, least: bool, reached: bool) -> bool:
    if least:
        return actual < limit
    return actual >= limit if reached else actual > limit


def _use(actual: Number, limit: Decimal, *, least: bool) -> Decimal:
    """How much of a limit is used up; only its order matters."""
    upper, lower = (limit, actual) if least else (actual, limit)
    return Decimal(upper) / lower if lower > 0 else Decimal(0)


def shown(value: Number, kind: str) -> str:
    """A figure as a sentence has it: money in cents, fractions in percent."""
    number = Decimal(value)
    if kind == Kind.FRACTION:
        return f"{plain(round(number * 100, 3))} %"
    return plain(round(number, 2)) if kind in (Kind.MONEY, Kind.SECONDS) else plain(number)
