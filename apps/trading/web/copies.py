"""The page on which a bot is copied to other connections, on paper or for real money."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from apps.accounts.edges import ActorRequest, signed_in
from apps.core import api, ratelimit
from apps.core.domain.errors import CryonelError, InputRefused
from apps.trading.domain.errors import (
    BotNameTaken,
    ConnectionModeWrong,
    PairUntradable,
    VenuesTooFew,
)
from apps.trading.selectors import bot_get
from apps.trading.services import bot_copy as copies
from apps.trading.web.forms import connection_label
from apps.trading.web.views import PASSING, usable_connections
from apps.venues.domain.connections import Mode

FIELDS: dict[type[CryonelError], str] = {
    BotNameTaken: "name",
    ConnectionModeWrong: "venues",
    PairUntradable: "venues",
    VenuesTooFew: "venues",
}


class CopyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    venues = forms.TypedMultipleChoiceField(
        label=_("Connections"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each pair of the bot must be traded at two of them."),
    )

    def __init__(self, *args: Any, connections: list[Any], **named: Any) -> None:
        super().__init__(*args, **named)
        field: Any = self.fields["venues"]
        field.choices = [(each.pk, connection_label(each)) for each in connections]

    def refuse(self, error: CryonelError) -> None:
        details = error.details if isinstance(error, InputRefused) else None
        for name, problems in (details or {}).items():
            for problem in problems:
                self.add_error(name if name in self.fields else None, gettext(str(problem)))
        if not details:
            self.add_error(FIELDS.get(type(error)), api.say(error))


@require_http_methods(["GET", "POST"])
@signed_in
def bot_copy(request: ActorRequest, bot_id: int) -> HttpResponse:
    bot = bot_get(reader=request.actor, bot_id=bot_id)
    mode = _mode(request, bot.mode)
    connections = usable_connections(request, mode)
    form = CopyForm(
        request.POST if request.method == "POST" else None,
        connections=connections,
        initial={
            "name": _name(bot.name, mode),
            "venues": [each.pk for each in connections],
        },
    )
    if request.method == "POST" and form.is_valid():
        ratelimit.take(ratelimit.TRADING, ratelimit.caller(request))
        try:
            made = copies.bot_copy(
                actor=request.actor,
                bot_id=bot_id,
                name=form.cleaned_data["name"],
                mode=mode,
                connection_ids=form.cleaned_data["venues"],
                now=timezone.now(),
            )
        except PASSING as e:
            form.refuse(e)
        else:
            messages.success(request, gettext("The copy is ready. It stands still."))
            return redirect("bot-live" if mode == Mode.LIVE else "bot-detail", made.pk)
    context = {
        "bot": bot,
        "mode": mode,
        "modes": [_tab(bot_id, each, mode) for each in (Mode.PAPER, Mode.LIVE)],
        "form": form,
        "connections": connections,
    }
    return render(request, "trading/bot_copy.html", context, status=422 if form.errors else 200)


def _mode(request: ActorRequest, own: str) -> Mode:
    """Asked for by name; else the other of the two: what a copy is mostly made for."""
    asked = request.GET.get("mode")
    if asked in (Mode.PAPER, Mode.LIVE):
        return Mode(asked)
    return Mode.PAPER if own == Mode.LIVE else Mode.LIVE


def _name(name: str, mode: Mode) -> str:
    more = gettext("real money") if mode is Mode.LIVE else gettext("paper")
    return f"{name[: 80 - len(more) - 3]} ({more})"


def _tab(bot_id: int, mode: Mode, current: Mode) -> dict[str, Any]:
    labels = {Mode.PAPER: gettext("Paper"), Mode.LIVE: gettext("Real money")}
    url = f"{reverse('bot-copy', args=[bot_id])}?mode={mode.value}"
    return {"url": url, "label": labels[mode], "current": mode is current, "count": None}
