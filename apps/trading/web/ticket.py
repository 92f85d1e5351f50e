"""The ticket: fill in, look at what it would cost, check the summary, place it once."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import idempotency, ratelimit
from apps.core.domain.errors import CryonelError, IdempotencyKeyBusy
from apps.markets.domain.errors import InstrumentMissing
from apps.markets.selectors import instrument_list
from apps.trading.domain.tickets import Terms
from apps.trading.selectors.decisions import decision_text
from apps.trading.services import order_terms, ticket_place
from apps.trading.services.ticket_place import Checked
from apps.trading.web import ticket_facts
from apps.trading.web.ticket_form import TicketForm
from apps.venues.selectors import connection_list

OLD = 20.0  # seconds after which balances are asked for again when somebody fills in a ticket


@require_http_methods(["GET", "POST"])
@signed_in
def ticket(request: ActorRequest) -> HttpResponse:
    """POST shows the summary, or the form with what is wrong. Nothing is placed here."""
    links = _links(request)
    data = request.POST if request.method == "POST" else None
    form = TicketForm(data, connections=links, initial=_wished(request))
    checked = _checked(request, form) if request.method == "POST" else None
    if request.method == "GET":
        _balances_refresh(request, links)
    context = {
        "form": form,
        "links": links,
        "pairs": _pairs(links),
        "summary": None if checked is None else _summary(request, checked),
        "key": secrets.token_urlsafe(18),
        "filled": [] if checked is None else _filled(request),
    }
    return render(request, "trading/ticket.html", context)


@require_POST
@signed_in
def ticket_preview(request: ActorRequest) -> HttpResponse:
    """The price now and what the form as it stands would cost."""
    form = TicketForm(request.POST, connections=_links(request))
    checked = _checked(request, form, quietly=True)
    facts = _market(request, form)
    context = {"market": facts, "summary": checked and _summary(request, checked)}
    return render(request, "trading/ticket.html#preview", context)


@require_POST
@signed_in
def ticket_send(request: ActorRequest) -> HttpResponse:
    """Place what the summary said. A second click finds the first one's order."""
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    key = "page-" + request.POST.get("key", "")[:60]
    print_ = idempotency.fingerprint("POST", request.path, sorted(_filled(request)))
    workspace_id = request.actor.workspace_id
    try:
        known = idempotency.begin(
            workspace_id=workspace_id, key=key, print_=print_, now=timezone.now()
        )
    except IdempotencyKeyBusy:
        messages.info(request, _("It is being placed. Look at your orders."))
        return redirect("order-list")
    if known is not None:
        return redirect(known[1]["to"])
    try:
        response, answer = _placed(request)
    except BaseException:
        idempotency.forget(workspace_id=workspace_id, key=key)
        raise
    if answer:
        idempotency.finish(workspace_id=workspace_id, key=key, status=302, answer={"to": answer})
    else:
        idempotency.forget(workspace_id=workspace_id, key=key)
    return response


def _placed(request: ActorRequest) -> tuple[HttpResponse, str]:
    """The answer and where a repeat is sent; "" where nothing was decided."""
    links = _links(request)
    form = TicketForm(request.POST, connections=links)
    checked = _checked(request, form)
    if checked is None:
        context = {"form": form, "links": links, "pairs": _pairs(links), "summary": None}
        return render(request, "trading/ticket.html", context), ""
    made = ticket_place.ticket_place(actor=request.actor, ticket=checked.ticket, now=timezone.now())
    order = made.order
    if made.denied and order is not None:
        refusal: Any = order.decision
        messages.error(request, decision_text(refusal.code, refusal.params))
    elif made.group is None:
        messages.success(request, _("The order is on its way."))
    else:
        messages.success(request, _("The orders are on their way."))
    to = redirect("order-detail", order.pk) if order is not None else redirect("order-list")
    return to, to["Location"]


def _links(request: ActorRequest) -> list[Any]:
    """Accounts that may trade now."""
    found = connection_list(reader=request.actor)
    return [each for each in found if each.status == "ACTIVE" and each.need == "TRADE"]


def _pairs(links: list[Any]) -> list[str]:
    venues = {each.venue for each in links}
    return sorted({each.symbol for venue in venues for each in instrument_list(venue=venue)})


def _wished(request: ActorRequest) -> dict[str, str]:
    """What a link to the ticket asked for: ?connection=&symbol=&side=&kind="""
    names = ("connection", "symbol", "side", "kind", "size", "size_in")
    return {name: request.GET[name] for name in names if request.GET.get(name)}


def _filled(request: ActorRequest) -> list[tuple[str, str]]:
    left_out = {"csrfmiddlewaretoken", "key"}
    return [(name, str(value)) for name, value in request.POST.items() if name not in left_out]


def _checked(request: ActorRequest, form: TicketForm, *, quietly: bool = False) -> Checked | None:
    if not form.is_valid():
        return None
    terms = _terms(request, form)
    number = int(form.cleaned_data["connection"])
    free = ticket_facts.free_of(request.actor.workspace_id, number)
    try:
        return ticket_place.ticket_check(
            actor=request.actor, ticket=form.ticket(terms, free), now=timezone.now()
        )
    except CryonelError as e:
        if not quietly:
            form.refuse(e)
        return None


def _terms(request: ActorRequest, form: TicketForm) -> Terms | None:
    data = getattr(form, "cleaned_data", {})
    link = next((x for x in _links(request) if str(x.pk) == data.get("connection")), None)
    if link is None or not data.get("symbol"):
        return None
    try:
        return order_terms.terms_of(connection_id=link.pk, venue=link.venue, symbol=data["symbol"])
    except InstrumentMissing:
        return None


def _market(request: ActorRequest, form: TicketForm) -> dict[str, Any] | None:
    form.is_valid()
    terms = _terms(request, form)
    if terms is None:
        return None
    number = int(form.cleaned_data["connection"])
    free = ticket_facts.free_of(request.actor.workspace_id, number)
    return {
        "terms": terms,
        "free_base": free.get(terms.base),
        "free_quote": free.get(terms.quote),
    }


def _summary(request: ActorRequest, checked: Checked) -> dict[str, Any]:
    found = ticket_facts.estimate(checked)
    link = next(x for x in _links(request) if x.pk == checked.intent.connection_id)
    return {
        "estimate": found,
        "place": ticket_facts.place_text(found.place),
        "ticket": checked.ticket,
        "intent": checked.intent,
        "terms": checked.terms,
        "link": link,
    }


def _balances_refresh(request: ActorRequest, links: list[Any]) -> None:
    """Old balances would refuse an order that could go: ask for new ones now."""
    from apps.trading.tasks import connection_refresh

    workspace_id = request.actor.workspace_id
    for each in links:
        age = ticket_facts.balances_age(workspace_id, each.pk, timezone.now())
        if age is None or age > OLD:
            connection_refresh.delay(workspace_id=workspace_id, connection_id=each.pk)
