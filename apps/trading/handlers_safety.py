"""What ends a permission to trade real money, as soon as it happened."""

from __future__ import annotations

from django.utils import timezone

from apps.accounts.domain.events import SecondFactorRemoved
from apps.core.outbox import subscribe
from apps.trading.domain.events import BotUpdated, LimitsChanged
from apps.trading.services.live import live_review


@subscribe(LimitsChanged, BotUpdated)
def unlocks_review(*, workspace_id: int, **_facts: object) -> None:
    if workspace_id:  # 0: the platform's caps, which are nobody's own limits
        live_review(workspace_id=workspace_id, now=timezone.now())


@subscribe(SecondFactorRemoved)
def unlocks_of_person_review(*, user_id: int, **_facts: object) -> None:
    """In every workspace: the person's proof is gone everywhere."""
    live_review(user_id=user_id, now=timezone.now())
