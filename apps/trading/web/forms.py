"""Forms drawn from a strategy's typed parameters, and the trade filter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import api
from apps.core.domain.errors import CryonelError, InputRefused
from apps.trading.domain.bots import RestartPolicy
from apps.trading.domain.errors import ConnectionModeWrong
from apps.trading.selectors.trades import TradeFilter
from apps.trading.strategies.interface import StrategyType
from apps.trading.strategies.parameters import FormField, Kind, params_form_fields
from apps.venues.registry import venue_label

GROUPS: tuple[tuple[Any, Any, tuple[str, ...]], ...] = (
    (_("What it trades"), "", ("name", "pairs", "venues")),
    (_("When it trades"), "", ("threshold", "buffer", "max_slippage", "max_book_age", "valid_for")),
    (_("How much"), "", ("notional", "capital", "max_open", "max_per_hour", "max_per_day")),
    (
        _("When it stops"),
        _("Limits that protect you when the market or a venue misbehaves."),
        ("daily_loss", "cooldown", "max_unwind_loss", "on_restart"),
    ),
)


OWN = ("name", "on_restart", "capital")  # fields of every bot, not of its strategy
RESTARTS = (
    (RestartPolicy.RESUME, _("Resume: compare, then trade on")),
    (RestartPolicy.FLATTEN, _("Flatten: compare, close what it opened, then stand stopped")),
)


class Chosen(forms.ChoiceField):
    """Always has a value: what a program leaves out is what stands chosen at first."""

    def clean(self, value: Any) -> Any:
        return super().clean(value or self.initial)


class BotForm(forms.Form):
    """`name` and one field per parameter. The strategy itself judges the values."""

    name = forms.CharField(label=_("Name"), max_length=80)
    on_restart = Chosen(
        label=_("After an unclean end"),
        choices=RESTARTS,
        initial=RestartPolicy.RESUME,
        help_text=_("When the machine failed. Orders and balances are always compared first."),
    )

    capital = forms.DecimalField(
        label=_("Capital of its own"),
        required=False,
        max_digits=38,
        decimal_places=18,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_(
            "In the quote of its pairs. While the bot runs, other bots and orders by hand cannot "
            "spend it, and it uses no more than that. It is split evenly over its venues: so much "
            "of the quote, and as much again in what it sells."
        ),
    )

    def __init__(
        self,
        *args: Any,
        strategy: StrategyType,
        connections: Sequence[Any],
        symbols: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.venues = {str(each.venue) for each in connections}
        for each in params_form_fields(strategy.params_type):
            self.fields[each.name] = _field(each, connections, symbols)

    def params(self) -> dict[str, Any]:
        """What params_parse takes: the values as people typed them."""
        return {name: value for name, value in self.cleaned_data.items() if name not in OWN}

    def refuse(self, error: CryonelError) -> None:
        """Show a service's refusal at its fields, else on top of the form."""
        if isinstance(error, ConnectionModeWrong):
            self.add_error("venues", api.say(error))
            return
        details = error.details if isinstance(error, InputRefused) else None
        if not isinstance(details, dict) or not details:
            self.add_error(None, api.say(error))
            return
        for name, problems in details.items():
            for problem in problems:
                self.add_error(name if name in self.fields else None, gettext(str(problem)))

    def groups(self) -> list[dict[str, Any]]:
        """The fields in chapters; what no chapter names comes last."""
        placed = {name for _title, _help, names in GROUPS for name in names}
        chapters = [*GROUPS, (_("More"), "", tuple(n for n in self.fields if n not in placed))]
        return [
            {"title": title, "help": help_, "fields": [self[n] for n in names if n in self.fields]}
            for title, help_, names in chapters
            if any(name in self.fields for name in names)
        ]


def _field(each: FormField, connections: Sequence[Any], symbols: Sequence[str]) -> forms.Field:
    common: dict[str, Any] = {
        "label": gettext(each.label),
        "help_text": gettext(each.help) if each.help else "",
        "required": each.required or each.default not in (None, ""),
        "initial": each.default,
    }
    field: forms.Field
    if each.kind is Kind.BOOL:
        field = forms.BooleanField(**common | {"required": False})
    elif each.kind is Kind.VENUES:
        options = [(c.pk, connection_label(c)) for c in connections]
        field = forms.TypedMultipleChoiceField(
            **common, coerce=int, choices=options, widget=forms.CheckboxSelectMultiple
        )
    elif each.kind is Kind.SYMBOLS:
        field = forms.MultipleChoiceField(
            **common, choices=[(s, s) for s in symbols], widget=forms.CheckboxSelectMultiple
        )
    else:
        attributes = {"inputmode": "numeric" if each.kind is Kind.INT else "decimal"}
        field = forms.CharField(**common, widget=forms.TextInput(attrs=attributes))
    drawn: Any = field  # two attributes that ui/field.html reads
    drawn.unit = gettext(each.unit) if each.unit else ""
    drawn.wide = each.kind in (Kind.VENUES, Kind.SYMBOLS)
    return field


def connection_label(connection: Any) -> str:
    """Its own name, and the venue's where that says more."""
    venue = venue_label(connection.venue)
    return str(connection.label) if connection.label == venue else f"{connection.label} · {venue}"


class TradeFilterForm(forms.Form):
    """GET form of the trades page; `from` and `to` are days in the reader's time zone."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        venues: Iterable[str],
        symbols: Iterable[str],
        bots: Iterable[tuple[int, str]],
    ) -> None:
        super().__init__(data)
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        anything = ("", _("All"))
        choices: dict[str, tuple[Any, list[tuple[Any, Any]]]] = {
            "venue": (_("Venue"), [(v, venue_label(v)) for v in venues]),
            "symbol": (_("Pair"), [(s, s) for s in symbols]),
            "bot": (_("Bot"), list(bots)),
            "side": (_("Side"), [("buy", _("Buy")), ("sell", _("Sell"))]),
        }
        self.fields["from"] = forms.DateField(label=_("From"), required=False, widget=day)
        self.fields["to"] = forms.DateField(label=_("To"), required=False, widget=day)
        for name, (label, options) in choices.items():
            self.fields[name] = forms.ChoiceField(
                label=label, required=False, choices=[anything, *options]
            )

    def wanted(self) -> TradeFilter:
        """The filter; fields that make no sense are shown with their error and left out."""
        data = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        until = data.get("to")
        bot = data.get("bot")
        return TradeFilter(
            since=_midnight(data.get("from")),
            until=_midnight(until + timedelta(days=1)) if until else None,
            venue=data.get("venue") or "",
            symbol=data.get("symbol") or "",
            bot_id=int(bot) if bot else None,
            side=data.get("side") or "",
        )


def _midnight(day: Any) -> datetime | None:
    if day is None:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
