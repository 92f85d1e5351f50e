"""Orders: what is open and where it waits, what is over, and the story of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import api, ratelimit
from apps.core.domain.errors import CryonelError
from apps.trading import selectors
from apps.trading.domain.orders import OrderOrigin, OrderStatus
from apps.trading.selectors import order_pages
from apps.trading.selectors.decisions import decision_text
from apps.trading.services import order_groups, order_place

OVER = ("FILLED", "CANCELLED", "EXPIRED", "REJECTED", "DENIED")


@require_GET
@signed_in
def order_list(request: ActorRequest) -> HttpResponse:
    """Open ones, or with ?view=history those that are over."""
    past = request.GET.get("view") == "history"
    context: dict[str, Any] = {
        "past": past,
        "groups": [_shown(each) for each in order_pages.groups_open(reader=request.actor)],
    }
    if not past:
        rows = order_pages.orders_open(reader=request.actor)
        return render(request, "trading/orders.html", context | {"rows": rows})
    wanted = {name: request.GET.get(name, "") for name in ("status", "symbol", "origin")}
    wanted["symbol"] = wanted["symbol"].strip().upper()
    found = order_pages.orders_past(reader=request.actor, **wanted)
    page: Any = Paginator(found, 50).get_page(request.GET.get("page"))
    page.object_list = [order_pages.order_row(order) for order in page.object_list]
    query = "".join(f"{name}={value}&" for name, value in wanted.items() if value)
    context |= {
        "rows": page.object_list,
        "page": page,
        "wanted": wanted,
        "query": f"view=history&{query}",
        "statuses": [each for each in OrderStatus if each in OVER],
        "origins": list(OrderOrigin),
    }
    return render(request, "trading/orders.html", context)


@require_GET
@signed_in
def order_detail(request: ActorRequest, order_id: int) -> HttpResponse:
    order = selectors.order_get(reader=request.actor, order_id=order_id)
    group = None
    if order.group_id is not None:
        group = order_pages.group_get(reader=request.actor, group_id=order.group_id)
    row = order_pages.order_row(order)
    context = {
        "row": row,
        "order": order,
        "story": order_pages.order_story(order),
        "refusal": decision_text(row.code, row.params) if row.code else "",
        "group": group,
        "mates": [order_pages.order_row(each) for each in group.orders.all()] if group else [],
    }
    return render(request, "trading/order.html", context)


@require_POST
@signed_in
def order_cancel(request: ActorRequest, order_id: int) -> HttpResponse:
    ratelimit.take(ratelimit.STOP, ratelimit.caller(request))
    try:
        order = order_place.order_cancel(
            actor=request.actor, order_id=order_id, reason="USER", now=timezone.now()
        )
    except CryonelError as e:
        messages.error(request, api.say(e))
        return redirect("order-list")
    if order.status == OrderStatus.CANCELLED:
        messages.success(request, _("The order is cancelled."))
    else:
        messages.info(request, _("The exchange is being asked to cancel it."))
    return redirect(_back(request))


@require_POST
@signed_in
def order_cancel_all(request: ActorRequest) -> HttpResponse:
    """Every open order placed by hand, exits included."""
    ratelimit.take(ratelimit.STOP, ratelimit.caller(request))
    now, count = timezone.now(), 0
    for group in order_pages.groups_open(reader=request.actor):
        order_groups.order_group_cancel(actor=request.actor, group_id=group.pk, now=now)
    for row in order_pages.orders_open(reader=request.actor):
        if row.order.bot_id is not None or not row.can_cancel:
            continue
        try:
            order_place.order_cancel(
                actor=request.actor, order_id=row.pk, reason="USER_ALL", now=now
            )
            count += 1
        except CryonelError:
            continue  # it ended meanwhile: that is what was wanted
    text = ngettext("%(n)s order is being cancelled.", "%(n)s orders are being cancelled.", count)
    messages.success(request, text % {"n": count} if count else _("All of them are on their way."))
    return redirect("order-list")


@require_POST
@signed_in
def order_group_cancel(request: ActorRequest, group_id: int) -> HttpResponse:
    ratelimit.take(ratelimit.STOP, ratelimit.caller(request))
    order_groups.order_group_cancel(actor=request.actor, group_id=group_id, now=timezone.now())
    messages.success(request, _("Its orders are being cancelled."))
    return redirect("order-list")


def _shown(group: Any) -> Any:
    group.base = group.symbol.partition("/")[0]
    return group


def _back(request: ActorRequest) -> str:
    """Only to pages of our own."""
    wanted = request.POST.get("next", "")
    return wanted if wanted.startswith("/orders/") else "/orders/"
