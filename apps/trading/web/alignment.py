"""Pages that say whether our books and a venue's agree. Comparing itself is a worker's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import ratelimit
from apps.core.domain.errors import PageMissing
from apps.trading.selectors.alignment_shown import alignment_get, alignments_for_staff


@require_GET
@signed_in
def connection_alignment(request: ActorRequest, connection_id: int) -> HttpResponse:
    """A page of its own; the connection's page asks for the panel alone."""
    shown = alignment_get(reader=request.actor, connection_id=connection_id)
    part = "#panel" if request.headers.get("HX-Request") else ""
    return render(request, f"trading/alignment.html{part}", {"alignment": shown})


@require_POST
@signed_in
def connection_compare(request: ActorRequest, connection_id: int) -> HttpResponse:
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    shown = alignment_get(reader=request.actor, connection_id=connection_id)
    from apps.trading.tasks_sync import connection_reconcile

    connection_reconcile.delay(
        workspace_id=request.actor.workspace_id, connection_id=shown.connection_id
    )
    messages.success(request, _("The venue is being asked. The result stands here in a moment."))
    return redirect("connection-alignment", connection_id)


@require_GET
@signed_in
def staff_alignment(request: ActorRequest) -> HttpResponse:
    """Every trading connection of the platform. To anybody but staff it is not there."""
    if not getattr(request.user, "is_staff", False):
        raise PageMissing
    context = {"alignments": alignments_for_staff()}
    return render(request, "trading/alignment_staff.html", context)
