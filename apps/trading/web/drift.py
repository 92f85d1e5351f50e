"""The tables of expected beside realized, and of paper beside real money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.core.domain.people import Reader
from apps.core.templatetags.figures import amount, milliseconds, percent, signed
from apps.trading.selectors.drift import ENOUGH, BotDrift, DriftPair, bot_drift, drift_pairs

ABSENT = "–"


def drift_shown(*, reader: Reader, bot_id: int) -> dict[str, Any]:
    own = bot_drift(reader=reader, bot_id=bot_id)
    return {
        "drift": _own(own),
        "drift_pairs": [_pair(each) for each in drift_pairs(reader=reader, bot_id=bot_id)],
        "drift_least": ENOUGH,
    }


def _own(each: BotDrift) -> dict[str, Any]:
    return {
        "enough": each.enough,
        "trades": each.trades,
        "lines": [
            (_("Expected per trade"), _percent(each.expected_net)),
            (_("Realized per trade"), _percent(each.realized_net)),
            (_("Expected in all"), f"{amount(each.expected_sum, 2)} {each.quote}"),
            (_("Realized in all"), f"{amount(each.realized_sum, 2)} {each.quote}"),
            (_("Slippage against the decided price"), _percent(each.slippage)),
            (_("Fees"), _percent(each.fees)),
            (_("Done as planned"), _percent(each.fill_rate, 1)),
        ],
    }


def _pair(each: DriftPair) -> dict[str, Any]:
    fractions = (
        (_("Expected per trade"), "expected_net", 3),
        (_("Realized per trade"), "realized_net", 3),
        (_("What reality took"), "shortfall", 3),
        (_("Slippage against the decided price"), "slippage", 3),
        (_("Fees"), "fees", 3),
        (_("Done as planned"), "fill_rate", 1),
    )
    rows = [
        (_("Trades"), str(each.paper.trades), str(each.live.trades), ""),
        *(
            (
                label,
                _percent(getattr(each.paper, name), places),
                _percent(getattr(each.live, name), places),
                _points(each.change(name), places),
            )
            for label, name, places in fractions
        ),
        (_("Realized in all"), _sum(each.paper), _sum(each.live), ""),
        _time(_("Tick to order, median"), each, "tick_to_order_us"),
        _time(_("Round trip, median"), each, "round_trip_us"),
    ]
    return {
        "paper": each.paper,
        "live": each.live,
        "since": each.since,
        "enough": each.enough,
        "rows": [dict(zip(("label", "paper", "live", "change"), row, strict=True)) for row in rows],
    }


def _sum(each: BotDrift) -> str:
    return f"{amount(each.realized_sum, 2)} {each.quote}"


def _percent(value: Decimal | None, places: int = 3) -> str:
    return ABSENT if value is None else str(percent(value, places))


def _points(value: Decimal | None, places: int) -> str:
    return "" if value is None else f"{signed(value * 100, places)} %"


def _time(label: str, each: DriftPair, name: str) -> tuple[str, str, str, str]:
    paper, live = getattr(each.paper, name), getattr(each.live, name)
    change = each.change(name)
    told = "" if change is None else f"{signed(change / 1000, 1)} ms"
    return label, _milliseconds(paper), _milliseconds(live), told


def _milliseconds(us: int | None) -> str:
    return ABSENT if us is None else str(milliseconds(us / 1000))
