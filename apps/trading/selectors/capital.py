"""What running bots have set aside, and how much of it their open trades use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery, Sum

from apps.core.domain.money import ZERO
from apps.trading.domain.risk import Claim
from apps.trading.models import BotCapital, CapitalReservation
from apps.venues.registry import venue_label


@dataclass(frozen=True, slots=True)
class SetAside:
    connection_id: int
    venue: str
    asset: str
    amount: Decimal
    in_use: Decimal  # may be more than the amount: what was open when the bot was started

    @property
    def venue_label(self) -> str:
        return venue_label(self.venue)


def set_aside(bot_ids: Iterable[int]) -> Mapping[int, list[SetAside]]:
    """{bot: what it has}, of running bots with capital of their own."""
    open_ = CapitalReservation.objects.filter(
        bot=OuterRef("bot"), connection=OuterRef("connection"), asset=OuterRef("asset")
    )
    used = open_.filter(released_at=None).values("asset").annotate(all=Sum("amount")).values("all")
    rows = BotCapital.objects.filter(bot_id__in=list(bot_ids)).exclude(bot__status="STOPPED")
    rows = rows.annotate(used=Subquery(used)).select_related("connection")
    found: dict[int, list[SetAside]] = defaultdict(list)
    for row in rows.order_by("bot_id", "connection_id", "pk"):
        venue, in_use = row.connection.venue, row.used or ZERO
        found[row.bot_id].append(SetAside(row.connection_id, venue, row.asset, row.amount, in_use))
    return found


def capital_left(bot_ids: Iterable[int]) -> Mapping[int, Mapping[Claim, Decimal]]:
    """{bot: {claim: what its own capital still allows}}."""
    return {
        bot_id: {(each.connection_id, each.asset): each.amount - each.in_use for each in kept}
        for bot_id, kept in set_aside(bot_ids).items()
    }
