"""The decision log: why a bot did or did not trade."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext

from apps.core.domain.people import Reader
from apps.core.templatetags.figures import amount
from apps.trading.domain.decisions import TEXTS, sentence
from apps.trading.models import DecisionLog
from apps.venues.registry import venue_label

VENUE_WORDS = ("venue", "buy", "sell")
VERDICTS = {
    "trading": "TRADED",
    "refused": "REFUSED",
    "waiting": "WAITING",
    "stopped": "STOPPED",
    "reduced": "REDUCED",
}
OUR_WORDS = ("what", "problem", "status")  # marked for translation where they are said
LONG = re.compile(r"-?\d{4,}(\.\d+)?")  # figures that are read only in groups of three


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One reason as a person reads it. count repeats within its minute were folded into it."""

    pk: int
    at: datetime
    verdict: str  # TRADED, SKIPPED, WAITING, REFUSED, STOPPED, REDUCED
    code: str
    symbol: str
    text: str
    count: int


def decision_list(*, reader: Reader, bot_id: int) -> QuerySet[DecisionLog]:
    """Newest first. Pass a slice of it to decision_rows."""
    rows = DecisionLog.objects.filter(bot_id=bot_id, bot__workspace_id=reader.workspace_id)
    return rows.order_by("-last_at", "-pk")


def decision_rows(logged: list[DecisionLog]) -> list[DecisionRow]:
    return [
        DecisionRow(
            pk=each.pk,
            at=each.last_at,
            verdict=verdict_of(each.code),
            code=each.code,
            symbol=each.symbol,
            text=decision_text(each.code, each.params, each.count),
            count=each.count,
        )
        for each in logged
    ]


def decision_text(code: str, params: dict[str, str], count: int = 1) -> str:
    """The sentence in the active language, venues by their names."""
    words = {name: _word(name, value) for name, value in params.items()}
    text = sentence(gettext(TEXTS.get(code, code)), words)
    return f"{text} (×{count})" if count > 1 else text


def _word(name: str, value: str) -> str:
    if name in VENUE_WORDS:
        return venue_label(value)
    return gettext(value) if value and name in OUR_WORDS else grouped(value)


def grouped(text: str) -> str:
    """A figure with its thousands apart; any other text as it is."""
    return amount(text) if LONG.fullmatch(text) else text


def verdict_of(code: str) -> str:
    """By how its sentence begins."""
    first = TEXTS.get(code, "").partition(" ")[0].rstrip(":")
    return VERDICTS.get(first, "SKIPPED")
