"""What the shell, the dashboard and the status card show of the whole system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.selectors import workspace_get
from apps.billing.selectors import plan_of
from apps.core import beats
from apps.core.domain.people import Reader
from apps.markets.selectors import board_get
from apps.ops import health
from apps.trading.selectors.kill import state_shown
from apps.trading.selectors.live import workspace_mode
from apps.venues.domain.errors import VenueUnavailable

RANGES = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "30d": timedelta(days=30)}


def shell_state(*, reader: Reader) -> dict[str, Any]:
    """The header of every page: mode, halt state, workspace, plan."""
    state = state_shown(reader=reader)
    return {
        "mode": workspace_mode(reader=reader),
        "market_source": market_source(),
        "halted": state.halted,
        "reducing": state.reducing,
        "halted_for_everybody": state.halted and state.everybody,
        "halted_at": state.at,
        "halt_reason": state.reason,
        "workspace_name": workspace_get(reader=reader).name,
        "plan_name": plan_of(reader.workspace_id).name,
    }


def market_source() -> str:
    """Where the practice market comes from: simulated, recorded, live, or "" when unknown."""
    from apps.venues.adapters.practice import practice_venues

    try:
        sources = {instance.source for instance in practice_venues()}
    except VenueUnavailable:
        return ""
    return sources.pop() if len(sources) == 1 else ""


@dataclass(frozen=True, slots=True)
class SystemRow:
    label: str
    status: str  # READY, DEGRADED, DOWN, STALE
    note: str


def system_rows(*, now: datetime) -> list[SystemRow]:
    """Each part of the system in words a trader understands."""
    rows = [_market_row()]
    for role, label in (("engine", _("Trading engine")), ("worker", _("Order workers"))):
        alive = beats.alive(role=role, now=now)
        note = "" if alive else _("Not running: no bot can trade.")
        rows.append(SystemRow(label, "READY" if alive else "DOWN", note))
    guard = beats.alive(role="guard", now=now)
    absent = _("Not running: CANCEL and FLATTEN wait. HALT works.")
    rows.append(SystemRow(_("Kill switch"), "READY" if guard else "DOWN", "" if guard else absent))
    for label, problem in ((_("Database"), health.database()), (_("Broker"), health.broker())):
        rows.append(SystemRow(label, "DOWN" if problem else "READY", problem))
    return rows


def _market_row() -> SystemRow:
    board = board_get()
    if not board.live:
        return SystemRow(_("Market data"), "STALE", _("No live prices: the engine is not running."))
    silent = [face for face in board.venues if face.get("state", "live") not in ("live", "ok")]
    if silent:
        names = ", ".join(str(face.get("label", face.get("venue", ""))) for face in silent)
        return SystemRow(
            _("Market data"), "DEGRADED", _("Waiting for %(names)s.") % {"names": names}
        )
    return SystemRow(_("Market data"), "READY", "")
