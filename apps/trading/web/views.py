"""Pages of bots: list, form, detail. Translators only: services decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.edges import ActorRequest, signed_in
from apps.billing.selectors import limits_for
from apps.core import api, ratelimit
from apps.core.charts import dots
from apps.core.domain.errors import Conflict, CryonelError, InputInvalid, PlanRequired
from apps.core.domain.money import plain
from apps.markets.selectors import spread_board
from apps.trading import selectors
from apps.trading.domain.errors import LiveLocked
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.selectors.alignment_shown import alignments_of_bot, restarts_of_bot
from apps.trading.selectors.capital import set_aside
from apps.trading.selectors.plans import pairs_paused, plan_notices
from apps.trading.services import account, bots
from apps.trading.services.kill import kill_request
from apps.trading.strategies.parameters import params_form_fields
from apps.trading.strategies.registry import STRATEGIES, strategy_type
from apps.trading.web.drift import drift_shown
from apps.trading.web.forms import RESTARTS, BotForm
from apps.trading.web.pairs import pairs_offered
from apps.trading.web.preview import preview_of
from apps.trading.web.risk import bot_limits_section
from apps.venues.domain.connections import Mode
from apps.venues.selectors import connection_list

DEFAULT_STRATEGY = "arbitrage"
VENUES_NEEDED = 2
OFFERED = (Mode.PAPER, Mode.LIVE)
PASSING = (Conflict, InputInvalid, PlanRequired)  # said on the page, nothing is lost
TABS = ("overview", "trades", "positions", "decisions", "settings")


@require_GET
@signed_in
def bot_list(request: ActorRequest) -> HttpResponse:
    limits = limits_for(request.actor.workspace_id)
    used = selectors.running_count(reader=request.actor)
    context = {
        "bots": selectors.bot_list(reader=request.actor),
        "limit": {"used": used, "allowed": limits.running_bots},
    }
    return render(request, "trading/bots.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def bot_create(request: ActorRequest) -> HttpResponse:
    strategy, mode = request.GET.get("strategy", DEFAULT_STRATEGY), mode_asked(request)
    form = _form(request, strategy, initial=_wished(request), mode=mode)
    if request.method == "POST" and form.is_valid():
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
        try:
            bot = bots.bot_create(
                actor=request.actor,
                name=form.cleaned_data["name"],
                strategy=strategy,
                params=form.params(),
                connection_ids=form.cleaned_data["venues"],
                mode=mode,
                on_restart=form.cleaned_data["on_restart"],
                capital=form.cleaned_data["capital"],
                now=timezone.now(),
            )
        except CryonelError as e:
            form.refuse(e)
        else:
            messages.success(request, _("The bot is ready. Start it when you are."))
            return redirect("bot-live" if mode == Mode.LIVE else "bot-detail", bot.pk)
    return _form_page(request, form, strategy, bot=None, mode=mode)


@require_http_methods(["GET", "POST"])
@signed_in
def bot_edit(request: ActorRequest, bot_id: int) -> HttpResponse:
    bot = selectors.bot_get(reader=request.actor, bot_id=bot_id)
    form = _form(request, bot.strategy, initial=_initial(bot), mode=bot.mode)
    if request.method == "POST" and form.is_valid():
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
        try:
            bots.bot_update(
                actor=request.actor,
                bot_id=bot_id,
                name=form.cleaned_data["name"],
                params=form.params(),
                connection_ids=form.cleaned_data["venues"],
                on_restart=form.cleaned_data["on_restart"],
                capital=form.cleaned_data["capital"],
                now=timezone.now(),
            )
        except CryonelError as e:
            form.refuse(e)
        else:
            messages.success(request, _("Saved."))
            return redirect("bot-detail", bot_id)
    return _form_page(request, form, bot.strategy, bot=bot, mode=bot.mode)


@require_POST
@signed_in
def bot_preview(request: ActorRequest) -> HttpResponse:
    """What the settings in the form would see in the market right now."""
    strategy = request.GET.get("strategy", DEFAULT_STRATEGY)
    form = _form(request, strategy, mode=mode_asked(request))
    form.is_valid()
    preview = preview_of(form.cleaned_data, board=spread_board(), reader=request.actor)
    return render(request, "trading/bot_form.html#preview", {"preview": preview})


@require_POST
@signed_in
def bot_start(request: ActorRequest, bot_id: int) -> HttpResponse:
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    try:
        bot = bots.bot_start(actor=request.actor, bot_id=bot_id, now=timezone.now())
    except LiveLocked as e:
        messages.error(request, api.say(e))
        return redirect("bot-live", bot_id)
    except PASSING as e:
        messages.error(request, api.say(e))
    else:
        messages.success(request, _("%(name)s is running.") % {"name": bot.name})
    return _back(request, bot_id)


@require_POST
@signed_in
def bot_stop(request: ActorRequest, bot_id: int) -> HttpResponse:
    bot = bots.bot_stop(actor=request.actor, bot_id=bot_id, now=timezone.now())
    text = _("%(name)s is stopped. Trades under way are finished.")
    messages.success(request, text % {"name": bot.name})
    return _back(request, bot_id)


@require_POST
@signed_in
def bot_delete(request: ActorRequest, bot_id: int) -> HttpResponse:
    """Only with the bot's name typed: the page's script helps, this line decides."""
    bot = selectors.bot_get(reader=request.actor, bot_id=bot_id)
    if not _typed(request, bot.name):
        messages.error(request, _("Type the bot's name to remove it. Nothing was changed."))
        return redirect("bot-tab", bot_id, "settings")
    try:
        bots.bot_stop(actor=request.actor, bot_id=bot_id, now=timezone.now())
        bots.bot_delete(actor=request.actor, bot_id=bot_id, now=timezone.now())
    except PASSING as e:  # it stays stopped: trades under way are finished first
        messages.error(request, api.say(e))
        return redirect("bot-tab", bot_id, "settings")
    messages.success(request, _("The bot is deleted. Its trades stay."))
    return redirect("bot-list")


@require_GET
@signed_in
def bot_detail(request: ActorRequest, bot_id: int, tab: str = "overview") -> HttpResponse:
    bot = selectors.bot_get(reader=request.actor, bot_id=bot_id)
    sums = selectors.pnl_by_bot([bot.pk]).get(bot.pk, [])
    context = {
        "bot": selectors.bot_card(bot, sums),
        "tab": tab,
        "trading": {
            "state": bot.trading_state,
            "reason": bot.trading_state_reason,
            "at": bot.trading_state_at,
        },
        "tabs": [_tab(bot_id, each, each == tab) for each in TABS],
        "notices": plan_notices(reader=request.actor, bot_id=bot_id),
        "alignments": alignments_of_bot(reader=request.actor, bot=bot),
        "restarts": restarts_of_bot(reader=request.actor, bot_id=bot_id),
        "pauses": pairs_paused(reader=request.actor, bot_id=bot_id, now=timezone.now()),
    }
    return render(request, "trading/bot.html", context | SHOWN[tab](request, bot))


@require_GET
@signed_in
def bot_chart(request: ActorRequest, bot_id: int) -> JsonResponse:
    """Cumulated profit of one bot, in its main quote asset."""
    bot = selectors.bot_get(reader=request.actor, bot_id=bot_id)
    card = selectors.bot_card(bot, selectors.pnl_by_bot([bot.pk]).get(bot.pk, []))
    until = timezone.now()
    points = selectors.pnl_series(
        reader=request.actor,
        quote=card.quote,
        since=bot.created_at,
        until=until,
        bot_id=bot.pk,
    )
    return JsonResponse(
        {
            "series": [
                {"name": _("Profit"), "type": "area", "unit": card.quote, "data": dots(points)}
            ]
        }
    )


def _overview(request: ActorRequest, bot: Any) -> dict[str, Any]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    found = selectors.performance_list(reader=request.actor, midnight=midnight, bot_id=bot.pk)
    pairs = bot.params.get("pairs") or ["/"]
    logged = selectors.decision_list(reader=request.actor, bot_id=bot.pk)[:8]
    return {
        "performance": found[0] if found else selectors.performance_none(pairs[0].split("/")[1]),
        "chart_url": reverse("bot-chart", args=[bot.pk]),
        "decisions": selectors.decision_rows(list(logged)),
        **drift_shown(reader=request.actor, bot_id=bot.pk),
    }


def _trades(request: ActorRequest, bot: Any) -> dict[str, Any]:
    fills = selectors.trade_list(reader=request.actor, wanted=selectors.TradeFilter(bot_id=bot.pk))
    return {"page": page_of_trades(request, fills), "query": ""}


def page_of_trades(request: HttpRequest, fills: Any) -> Any:
    """A page whose objects are TradeRows."""
    page = Paginator(fills, 50).get_page(request.GET.get("page"))
    page.object_list = selectors.trade_rows(list(page.object_list))
    return page


def _positions(request: ActorRequest, bot: Any) -> dict[str, Any]:
    found = selectors.bot_positions(reader=request.actor, bot=bot)
    return {
        "positions": found.rows,
        "advice": found.advice,
        "advised_at": found.as_of,
        "set_aside": set_aside([bot.pk]).get(bot.pk, []),
    }


def _decisions(request: ActorRequest, bot: Any) -> dict[str, Any]:
    logged = selectors.decision_list(reader=request.actor, bot_id=bot.pk)
    page = Paginator(logged, 50).get_page(request.GET.get("page"))
    shown: Any = page
    shown.object_list = selectors.decision_rows(list(page.object_list))
    return {"decisions": page, "page": page, "query": ""}


def _settings(request: ActorRequest, bot: Any) -> dict[str, Any]:
    form = _form(request, bot.strategy, initial=_initial(bot), mode=bot.mode)
    lines = {
        each.name: each for each in params_form_fields(strategy_type(bot.strategy).params_type)
    }
    venues = ", ".join(each.connection.label for each in bot.venues.all())
    sections = []
    for group in form.groups():
        shown = []
        for bound in group["fields"]:
            if bound.name == "name":
                continue
            value = venues if bound.name == "venues" else bot.params.get(bound.name, "")
            if bound.name == "on_restart":
                value = str(dict(RESTARTS)[bot.on_restart])
            if bound.name == "capital":
                value = _plainly(bot.capital) or _("None: it takes what is free")
            unit = lines[bound.name].unit if bound.name in lines else ""
            text = ", ".join(value) if isinstance(value, list) else str(value)
            shown.append({"label": bound.label, "value": f"{text} {_(unit)}" if unit else text})
        sections.append({"title": group["title"], "lines": shown})
    if limits := bot_limits_section(reader=request.actor, bot_id=bot.pk):
        sections.append(limits)
    return {"settings": sections}


SHOWN = {
    "overview": _overview,
    "trades": _trades,
    "positions": _positions,
    "decisions": _decisions,
    "settings": _settings,
}


def _tab(bot_id: int, name: str, current: bool) -> dict[str, Any]:
    labels = {
        "overview": _("Overview"),
        "trades": _("Trades"),
        "positions": _("Inventory"),
        "decisions": _("Decisions"),
        "settings": _("Settings"),
    }
    url = reverse("bot-detail", args=[bot_id])
    target = url if name == "overview" else reverse("bot-tab", args=[bot_id, name])
    return {"url": target, "label": labels[name], "current": current, "count": None}


def _plainly(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)


def _initial(bot: Any) -> dict[str, Any]:
    venues = [each.connection_id for each in bot.venues.all()]
    own = {"name": bot.name, "on_restart": bot.on_restart, "capital": _plainly(bot.capital)}
    return {**own, **bot.params, "venues": venues}


def _wished(request: ActorRequest) -> dict[str, Any]:
    """A new bot's form, asked for from the page of a pair, has that pair chosen."""
    symbol = request.GET.get("symbol", "")
    return {"pairs": [symbol]} if any(symbol == row.symbol for row in spread_board()) else {}


def mode_asked(request: ActorRequest) -> Mode:
    """Paper, unless real money was asked for by name."""
    return Mode.LIVE if request.GET.get("mode") == Mode.LIVE else Mode.PAPER


def usable_connections(request: ActorRequest, mode: str) -> list[Any]:
    """Those on which a bot of this mode could trade."""
    held = [c for c in connection_list(reader=request.actor) if c.mode == mode]
    return [c for c in held if c.need == "TRADE" and c.status == "ACTIVE"]


def _form(
    request: ActorRequest,
    strategy: str,
    initial: dict[str, Any] | None = None,
    *,
    mode: str,
) -> BotForm:
    usable = usable_connections(request, mode)
    chosen = (initial or {}).get("pairs", [])
    symbols = pairs_offered([each.venue for each in usable], chosen)
    if "venues" not in (initial or {}):
        initial = {**(initial or {}), "venues": [each.pk for each in usable]}
    return BotForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        strategy=strategy_type(strategy),
        connections=usable,
        symbols=symbols,
    )


def _form_page(
    request: ActorRequest, form: BotForm, strategy: str, bot: Any, mode: str
) -> HttpResponse:
    kinds = STRATEGIES.values()
    tiles = [
        {
            "code": kind.code,
            "label": _(kind.label),
            "summary": _(kind.summary),
            "url": f"{reverse('bot-create')}?strategy={kind.code}",
            "current": kind.code == strategy,
        }
        for kind in kinds
    ]
    context = {
        "form": form,
        "groups": form.groups(),
        "bot": bot,
        "strategies": tiles if len(tiles) > 1 else [],
        "mode": mode,
        "modes": [] if bot else [_mode_tab(each, strategy, mode) for each in OFFERED],
        "preview_url": f"{reverse('bot-preview')}?strategy={strategy}&mode={mode}",
        "preview": None,
        "lacking": bot is None and len(form.venues) < VENUES_NEEDED,
    }
    return render(request, "trading/bot_form.html", context, status=422 if form.errors else 200)


def _mode_tab(mode: Mode, strategy: str, current: str) -> dict[str, Any]:
    labels = {Mode.PAPER: _("Paper"), Mode.LIVE: _("Real money")}
    url = f"{reverse('bot-create')}?strategy={strategy}&mode={mode.value}"
    return {"url": url, "label": labels[mode], "current": mode == current, "count": None}


def _back(request: ActorRequest, bot_id: int) -> HttpResponse:
    """To the page the button stood on: only one of ours."""
    here = {reverse("dashboard"), reverse("bot-list"), reverse("bot-edit", args=[bot_id])}
    referrer = request.headers.get("Referer", "")
    path = referrer.partition(request.get_host())[2].partition("?")[0]
    return redirect(path if path in here else reverse("bot-detail", args=[bot_id]))


@require_POST
@signed_in
def trading_halt(request: ActorRequest) -> HttpResponse:
    """Never refused for a word not typed: stopping must be easy."""
    reason = request.POST.get("reason", "").strip() or _("Halted by hand")
    kill_request(
        actor=request.actor,
        scope=KillScope.WORKSPACE,
        command=KillCommand.HALT,
        origin=KillOrigin.UI,
        reason=reason,
        now=timezone.now(),
    )
    messages.warning(request, _("Trading is halted: no new order leaves."))
    return redirect("dashboard")


@require_POST
@signed_in
def trading_resume(request: ActorRequest) -> HttpResponse:
    if not _typed(request, _("RESUME")):
        messages.error(request, _("Type the word to resume trading. It is still halted."))
        return redirect("dashboard")
    ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
    account.trading_resume(actor=request.actor, now=timezone.now())
    messages.success(request, _("Trading goes on."))
    return redirect("dashboard")


def _typed(request: HttpRequest, word: str) -> bool:
    """Whether the word that a dialog asks for was typed."""
    return request.POST.get("confirm", "").strip().casefold() == word.strip().casefold()
