"""Landing and health; the dashboard composes what the rooms below offer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from apps.billing.selectors import plan_list
from apps.ops import health


@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and "stay" not in request.GET:
        return redirect("dashboard")
    return render(request, "landing.html", {"plans": plan_list()})


@require_GET
def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"ok": True})


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """503 while something that requests need is away. Names only: details are for staff."""
    checks = {name: not sentence for name, sentence in health.readiness().items()}
    well = all(checks.values())
    return JsonResponse({"ok": well, "checks": checks}, status=200 if well else 503)
