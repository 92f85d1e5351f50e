"""What a bot with these settings would see in the market right now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from apps.core.domain.people import Reader
from apps.core.templatetags.figures import percent, signed_percent
from apps.markets.domain.board import SpreadRow
from apps.venues.selectors import connection_list


def preview_of(
    values: Mapping[str, Any], *, board: Sequence[SpreadRow], reader: Reader
) -> dict[str, Any] | None:
    """Lines and warnings for the form's side panel; None until pairs and venues are chosen."""
    pairs, chosen = values.get("pairs") or [], set(values.get("venues") or [])
    if not pairs or len(chosen) < 2:
        return None
    venues = {c.venue for c in connection_list(reader=reader) if c.pk in chosen}
    seen = [
        row for row in board if row.symbol in pairs and {row.buy_venue, row.sell_venue} <= venues
    ]
    nets = [(Decimal(row.net) * 100, row) for row in seen if row.net is not None]
    lines = [{"label": _("Routes watched"), "value": str(len(seen)), "tone": ""}]
    warnings = []
    needed = _number(values.get("threshold")) + _number(values.get("buffer"))
    if nets:
        best, row = max(nets, key=lambda each: each[0])
        tone = "gain" if best >= needed else ""
        paying = sum(1 for net, _row in nets if net >= needed)
        route = f"{row.symbol} {row.buy_label} → {row.sell_label}"
        lines += [
            {"label": _("Best net now"), "value": signed_percent(best / 100, 3), "tone": tone},
            {"label": _("Best route"), "value": route, "tone": ""},
            {"label": _("Needed to trade"), "value": percent(needed / 100, 3), "tone": ""},
            {"label": _("Routes that pay now"), "value": str(paying), "tone": tone},
        ]
    else:
        warnings.append(_("No usable books for these pairs at these venues right now."))
    if needed <= 0:
        warnings.append(_("Without a threshold the bot may trade for nothing."))
    return {"lines": lines, "warnings": warnings}


def _number(text: Any) -> Decimal:
    try:
        return Decimal(str(text or 0))
    except InvalidOperation:
        return Decimal(0)
