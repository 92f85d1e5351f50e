"""What a plan does not include."""

from __future__ import annotations

from apps.core.domain.errors import NotFound, PlanRequired, gettext_noop


class PlanLimitReached(PlanRequired):
    code = "BIL-0601"
    template = gettext_noop("Your plan {plan} allows {allowed} of these: {what}.")


class PlanMissing(NotFound):
    code = "NFD-0601"
    template = gettext_noop("There is no plan called {plan}.")
