"""Alignment as people read it: sentences with what to do, for owners and for staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from apps.core.domain.people import Actor, Reader
from apps.trading.domain.alignment import NEVER, AlignmentStatus, fact
from apps.trading.domain.alignment_texts import ADVICE, FOUND, OUTCOMES, QUESTIONS, STANDS
from apps.trading.domain.decisions import sentence
from apps.trading.models import BotRestart, ConnectionAlignment
from apps.venues.registry import venue_label
from apps.venues.selectors import connection_get, connection_list

SHOWN_RESTARTS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One problem or note. at: when it was found; None: at the last comparison."""

    code: str
    text: str
    advice: str
    params: Mapping[str, str]
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentShown:
    connection_id: int
    workspace_id: int
    label: str
    venue_label: str
    status: str
    stands: str
    checked_at: datetime | None
    aligned_at: datetime | None
    problems: Sequence[Line]
    notes: Sequence[Line]

    @property
    def agrees(self) -> bool:
        return self.status == AlignmentStatus.ALIGNED


@dataclass(frozen=True, slots=True)
class RestartShown:
    """What a bot did after an unclean end. found: what comparisons had settled, in words."""

    outcome: str
    policy: str
    text: str
    found: Sequence[str]
    at: datetime
    done_at: datetime | None


def alignment_get(*, reader: Reader, connection_id: int) -> AlignmentShown:
    """Raises ConnectionMissing: someone else's is not there."""
    link = connection_get(reader=reader, connection_id=connection_id)
    row = ConnectionAlignment.objects.filter(connection_id=link.pk).first()
    return _shown(link, row)


def alignments_of_bot(*, reader: Reader, bot: Any) -> list[AlignmentShown]:
    """Of each connection that the bot trades on."""
    links = [each.connection for each in bot.venues.all()]
    links = [link for link in links if link.workspace_id == reader.workspace_id]
    rows = ConnectionAlignment.objects.filter(connection__in=links)
    known = {row.connection_id: row for row in rows}
    return [_shown(link, known.get(link.pk)) for link in links]


def alignments_for_staff() -> list[AlignmentShown]:
    """Platform-wide: every trading connection, those that do not agree first."""
    from apps.trading.selectors.alignment import connections_trading_keys

    keys = connections_trading_keys()
    owners = sorted({workspace_id for workspace_id, _ in keys})
    wanted = {connection_id for _, connection_id in keys}
    links = [link for owner in owners for link in connection_list(reader=Actor.platform(owner))]
    known = {
        row.connection_id: row
        for row in ConnectionAlignment.objects.filter(connection_id__in=wanted)
    }
    shown = [_shown(link, known.get(link.pk)) for link in links if link.pk in wanted]
    return sorted(shown, key=lambda each: (each.agrees, each.workspace_id, each.connection_id))


def _shown(link: Any, row: ConnectionAlignment | None) -> AlignmentShown:
    now = timezone.now()
    stands = NEVER if row is None else fact(row.status, row.checked_at, now)
    return AlignmentShown(
        connection_id=link.pk,
        workspace_id=link.workspace_id,
        label=link.label,
        venue_label=venue_label(link.venue),
        status=stands.status,
        stands=gettext(STANDS[stands.status]),
        checked_at=stands.checked_at,
        aligned_at=None if row is None else row.aligned_at,
        problems=[] if row is None else [_line(each) for each in row.problems],
        notes=[] if row is None else [_line(each) for each in row.notes],
    )


def _line(kept: Mapping[str, Any]) -> Line:
    code, params = str(kept["code"]), dict(kept["params"])
    at = kept.get("at")
    return Line(
        code,
        finding_text(code, params),
        gettext(ADVICE[code]) if code in ADVICE else "",
        params,
        None if at is None else datetime.fromisoformat(at),
    )


def finding_text(code: str, params: dict[str, str]) -> str:
    """The sentence in the active language."""
    words = dict(params)
    if "question" in words:
        what, _, which = words["question"].partition(" ")
        asked = gettext(QUESTIONS.get(what, what))
        words["question"] = sentence(asked, {"what": which})
    return sentence(gettext(FOUND.get(code, code)), words)


def restarts_of_bot(*, reader: Reader, bot_id: int) -> list[RestartShown]:
    """The latest first."""
    rows = BotRestart.objects.filter(bot_id=bot_id, bot__workspace_id=reader.workspace_id)
    return [_restart(row) for row in rows.order_by("-at", "-pk")[:SHOWN_RESTARTS]]


def _restart(row: BotRestart) -> RestartShown:
    key = f"{row.outcome}:{row.policy}" if row.outcome == "WAITING" else row.outcome
    counts: Mapping[str, int] = row.detail.get("found", {})
    return RestartShown(
        outcome=row.outcome,
        policy=row.policy,
        text=gettext(OUTCOMES[key]),
        found=_found(counts, int(row.detail.get("open_plans", 0))),
        at=row.at,
        done_at=row.done_at,
    )


def _found(counts: Mapping[str, int], open_plans: int) -> list[str]:
    """Counts in words; none where everything agreed."""
    taken = counts.get("OURS_BY_ID_UNKNOWN_HERE", 0) + counts.get("OPEN_AT_VENUE_CLOSED_HERE", 0)
    booked = counts.get("VENUE_HAS_FILL_WE_LACK", 0)
    gone = counts.get("OURS_MISSING_AT_VENUE", 0)
    said = []
    if taken:
        text = ngettext("%(n)s order taken back", "%(n)s orders taken back", taken)
        said.append(text % {"n": taken})
    if booked:
        text = ngettext(
            "executions of %(n)s order booked", "executions of %(n)s orders booked", booked
        )
        said.append(text % {"n": booked})
    if gone:
        text = ngettext("%(n)s order had never arrived", "%(n)s orders had never arrived", gone)
        said.append(text % {"n": gone})
    if open_plans:
        text = ngettext("%(n)s trade under way", "%(n)s trades under way", open_plans)
        said.append(text % {"n": open_plans})
    return said
