"""The risk page: limits in force, states, refusals and why."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import api, ratelimit
from apps.core.domain.errors import Conflict, InputInvalid, NotAllowed
from apps.core.domain.money import plain
from apps.core.domain.people import Reader
from apps.core.templatetags.figures import amount
from apps.trading.domain.errors import LimitsLoosened, LimitsWrong
from apps.trading.domain.policies import SPECS, Kind
from apps.trading.domain.risk.findings import shown
from apps.trading.selectors import bot_get, risk_page
from apps.trading.selectors import policies as reads
from apps.trading.selectors.policies import LimitLine
from apps.trading.services import policies, reducing

UNITS = {Kind.MONEY: "USD", Kind.FRACTION: "%", Kind.SECONDS: "s", Kind.RATIO: "×"}
PASSING = (Conflict, InputInvalid, NotAllowed)


class LimitsForm(forms.Form):
    """One field per limit; empty: no limit of one's own. Fractions are typed in percent."""

    def __init__(self, lines: list[LimitLine], *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for line in lines:
            spec = line.spec
            field = forms.CharField(
                label=_(spec.label),
                help_text=_help(line),
                required=False,
                max_length=24,
                initial=typed(spec.kind, line.own),
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )
            field.unit = UNITS.get(spec.kind, "")  # type: ignore[attr-defined]
            self.fields[spec.name] = field

    def clean(self) -> dict[str, Any]:
        return {name: self._number(name, text) for name, text in list(self.cleaned_data.items())}

    def _number(self, name: str, text: str) -> Decimal | None:
        if not (text or "").strip():
            return None
        try:
            value = Decimal(text.strip().replace(" ", ""))
        except InvalidOperation:
            self.add_error(name, _("A number."))
            return None
        return value / 100 if SPECS[name].kind is Kind.FRACTION else value

    def refuse(self, details: dict[str, list[str]]) -> None:
        for name, sentences in details.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, _(sentence))


def typed(kind: Kind, value: Decimal | None) -> str:
    if value is None:
        return ""
    return plain(value * 100 if kind is Kind.FRACTION else value)


def _help(line: LimitLine) -> str:
    text = _(line.spec.help)
    if line.cap is None:
        return text
    cap = f"{written(line.cap, line.spec.kind)} {_unit(line)}".strip()
    bound = _("At least %(cap)s") if line.spec.least else _("At most %(cap)s")
    return f"{text} {bound % {'cap': cap}} ({risk_page.scope_text(line.cap_scope)})."


def written(value: Decimal | int, kind: Kind) -> str:
    """A limit or what is used of it as people read it: thousands apart, "20 %" for a fraction."""
    return shown(value, kind) if kind is Kind.FRACTION else amount(shown(value, kind))


def _unit(line: LimitLine) -> str:
    """After a figure; a fraction brings its own percent sign."""
    return "" if line.spec.kind is Kind.FRACTION else UNITS.get(line.spec.kind, "")


@require_GET
@signed_in
def risk(request: ActorRequest) -> HttpResponse:
    return _page(request, form=None)


@require_http_methods(["POST"])
@signed_in
def risk_limits(request: ActorRequest) -> HttpResponse:
    """Set the workspace's own limits. Loosening comes back with a question first."""
    now = timezone.now()
    lines = _lines(request)
    form = LimitsForm(lines, request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    try:
        policies.limits_set(
            actor=request.actor,
            values=form.cleaned_data,
            confirmed=request.POST.get("confirmed") == "yes",
            now=now,
        )
    except LimitsLoosened as e:
        asked = [_(SPECS[name].label) for name in e.details["confirm"]]
        return _page(request, form=form, confirm=asked, status=409)
    except LimitsWrong as e:
        form.refuse(e.details)
        return _page(request, form=form, status=422)
    except PASSING as e:
        messages.error(request, api.say(e))
        return redirect("risk")
    messages.success(request, _("Your limits hold from this moment on."))
    return redirect("risk")


@require_POST
@signed_in
def risk_reducing(request: ActorRequest) -> HttpResponse:
    """REDUCING on or off, for the workspace or one bot."""
    bot_id = request.POST.get("bot", "")
    number = int(bot_id) if bot_id.isdecimal() and len(bot_id) < 19 else None
    on = request.POST.get("on") == "yes"
    if number is not None:
        bot_get(reader=request.actor, bot_id=number)
    if not on:
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    try:
        reducing.reducing_set(actor=request.actor, bot_id=number, on=on, now=timezone.now())
    except PASSING as e:
        messages.error(request, api.say(e))
    else:
        text = _("Only what brings exposure down goes out now.") if on else _("Trading goes on.")
        messages.success(request, text)
    return redirect("risk")


@require_GET
@signed_in
def risk_decision(request: ActorRequest, decision_id: int) -> HttpResponse:
    row = reads.risk_decision_get(reader=request.actor, decision_id=decision_id)
    answer = risk_page.answer_row(row)
    return render(request, "trading/risk_decision.html", {"answer": answer})


def _lines(request: ActorRequest) -> list[LimitLine]:
    now = timezone.now()
    figures = reads.figures_now(reader=request.actor, now=now)
    return reads.limit_lines(reader=request.actor, figures=figures, now=now)


def _page(
    request: ActorRequest,
    *,
    form: LimitsForm | None,
    confirm: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    lines = _lines(request)
    found = reads.refusal_list(reader=request.actor)
    page: Any = Paginator(found, 20).get_page(request.GET.get("page"))
    page.object_list = risk_page.answer_rows(list(page.object_list))
    context = {
        "states": risk_page.states_shown(reader=request.actor),
        "limits": [line_shown(line) for line in lines if line.value is not None],
        "form": form or LimitsForm(lines),
        "editing": form is not None,
        "confirm": confirm,
        "page": page,
        "query": "",
    }
    return render(request, "trading/risk.html", context, status=status)


def line_shown(line: LimitLine) -> dict[str, Any]:
    """A limit in force as the page prints it."""
    kind = line.spec.kind
    value = line.value if line.value is not None else Decimal(0)
    return {
        "name": line.spec.name,
        "label": _(line.spec.label),
        "value": written(value, kind),
        "unit": _unit(line),
        "scope": line.scope,
        "scope_text": risk_page.scope_text(line.scope),
        "used": None if line.used is None else written(line.used, kind),
        "share": line.share,
        "tone": "danger"
        if (line.share or 0) >= 100
        else "caution"
        if (line.share or 0) >= 80
        else "",
    }


def bot_limits_section(*, reader: Reader, bot_id: int) -> dict[str, Any] | None:
    """The limits that somebody set for this bot, beside its own settings; None: nobody did."""
    lines = [each for each in reads.bot_limit_lines(reader=reader, bot_id=bot_id) if each.own]
    if not lines:
        return None
    shown_lines = [
        {"label": _(each.spec.label), "value": f"{written(each.own, each.spec.kind)} {_unit(each)}"}
        for each in lines
        if each.own is not None
    ]
    return {"title": _("Limits of this bot"), "lines": shown_lines}
