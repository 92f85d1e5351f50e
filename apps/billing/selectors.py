"""What a workspace may use."""

from __future__ import annotations

from apps.billing.domain.errors import PlanLimitReached
from apps.billing.domain.limits import LIMIT_NAMES, Limits
from apps.billing.models import Plan, Subscription


def plan_of(workspace_id: int) -> Plan:
    row = Subscription.objects.filter(workspace_id=workspace_id).select_related("plan").first()
    return row.plan if row else Plan.objects.order_by("rank")[0]


def limits_for(workspace_id: int) -> Limits:
    """The workspace's limits; unknown names in a row are ignored, missing ones refuse loudly."""
    stored = plan_of(workspace_id).limits
    return Limits(**{name: stored[name] for name in LIMIT_NAMES})


def require_room(workspace_id: int, *, limit: str, used: int, what: str) -> None:
    """Raises PlanLimitReached when one more would exceed the plan."""
    allowed = getattr(limits_for(workspace_id), limit)
    if allowed is not None and used >= allowed:
        raise PlanLimitReached(plan=plan_of(workspace_id).name, allowed=allowed, what=what)


def plan_list() -> list[Plan]:
    return list(Plan.objects.order_by("rank"))
