"""The ticket as a form: what people type becomes a Ticket; refusals come back to their fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import api
from apps.core.domain.errors import CryonelError
from apps.core.domain.money import ZERO, floored
from apps.trading.domain import tickets
from apps.trading.domain.errors import OrderFieldsWrong
from apps.trading.domain.orders import MAX_SLIPPAGE
from apps.trading.domain.tickets import Terms, Ticket, TicketKind, Wish
from apps.venues.domain.ports import Side, TimeInForce

HUNDRED = Decimal(100)
SIDES = ((Side.BUY, _("Buy")), (Side.SELL, _("Sell")))
KINDS = (
    (TicketKind.MARKET, _("Market: now, at the best price")),
    (TicketKind.LIMIT, _("Limit: at this price or better")),
    (TicketKind.STOP, _("Stop: once the price turns against you")),
    (TicketKind.STOP_LIMIT, _("Stop-limit: as a stop, at a limit")),
    (TicketKind.TAKE_PROFIT, _("Take profit: once the price is reached")),
    (TicketKind.TAKE_PROFIT_LIMIT, _("Take profit, at a limit")),
    (TicketKind.TRAILING_STOP, _("Trailing stop: follows the best price")),
    (TicketKind.OCO, _("Profit and stop: one cancels the other")),
    (TicketKind.TWAP, _("In slices over time")),
)
SIZES = (
    ("quantity", _("coins")),
    ("spend", _("money")),
    ("percent", _("% of the free balance")),
)
TIMES = (
    (TimeInForce.GTC, _("Until cancelled")),
    (TimeInForce.GTD, _("Until a date")),
    (TimeInForce.IOC, _("At once, the rest is cancelled")),
    (TimeInForce.FOK, _("All at once or nothing")),
    (TimeInForce.POST_ONLY, _("Only if it rests in the book (post only)")),
)
PRICED = "limit stop_limit take_profit_limit twap"
# Field of a refusal -> field of this form
AT = {
    "quantity": "size",
    "spend": "size",
    "take_profit": "profit_price",
    "stop_loss": "stop_trigger",
}


def _amount(label: Any, kinds: str = "", *, unit: str = "", help_text: Any = "") -> Any:
    field: Any = forms.DecimalField(
        label=label, required=False, max_digits=38, decimal_places=18, help_text=help_text
    )
    field.widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    field.kinds, field.unit = kinds, unit
    return field


class TicketForm(forms.Form):
    """kinds on a field: the types of order that have it; the page hides it from the others."""

    connection = forms.ChoiceField(label=_("Account"))
    symbol = forms.CharField(label=_("Pair"), max_length=40, initial="BTC/USDT")
    side = forms.ChoiceField(
        label=_("Side"), choices=SIDES, widget=forms.RadioSelect, initial=Side.BUY
    )
    kind = forms.ChoiceField(label=_("Type"), choices=KINDS, initial=TicketKind.LIMIT)
    size = _amount(_("Size"))
    size_in = forms.ChoiceField(label=_("Size in"), choices=SIZES, initial="quantity")
    limit_price = _amount(_("Limit price"), PRICED)
    trigger_price = _amount(_("Trigger price"), "stop stop_limit take_profit take_profit_limit")
    trail = _amount(_("Distance"), "trailing_stop", unit="%")
    time_in_force = forms.ChoiceField(
        label=_("Good"), choices=TIMES, initial=TimeInForce.GTC, required=False
    )
    expires_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    max_slippage = _amount(
        _("Most slippage"),
        "market stop take_profit trailing_stop oco twap",
        unit="%",
        help_text=_("It never trades farther from the price than this. Empty: 0.5 %."),
    )
    reduce_only = forms.BooleanField(
        label=_("Only close what I hold"),
        required=False,
        help_text=_("Never more than your own orders here have bought."),
    )
    profit_price = _amount(_("Take profit at"), "market limit oco")
    stop_trigger = _amount(_("Stop loss at"), "market limit oco")
    stop_limit = _amount(
        _("Stop's limit"), "market limit oco", help_text=_("Empty: sold at the market's price.")
    )
    stop_trail = _amount(
        _("or trailing by"), "market limit oco", unit="%", help_text=_("Instead of a fixed stop.")
    )
    slices = forms.IntegerField(label=_("Slices"), required=False, initial=10)
    interval = forms.IntegerField(label=_("Seconds between slices"), required=False, initial=60)

    def __init__(self, *args: Any, connections: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["connection"].choices = [(each.pk, each.label) for each in connections]
        fields["symbol"].widget.attrs |= {
            "list": "pairs",
            "autocapitalize": "characters",
            "autocomplete": "off",
            "spellcheck": "false",
        }
        fields["time_in_force"].kinds = "limit stop_limit take_profit_limit"
        fields["expires_at"].kinds = "limit stop_limit take_profit_limit"
        fields["slices"].kinds = fields["interval"].kinds = "twap"

    def clean_symbol(self) -> str:
        return str(self.cleaned_data["symbol"]).strip().upper()

    def ticket(self, terms: Terms | None, free: dict[str, Decimal]) -> Ticket:
        """The ticket as typed. Fields that the type does not have are left out."""
        data = self.cleaned_data
        kind, side = TicketKind(data["kind"]), Side(data["side"])
        quantity, spend = self._size(side, terms, free)
        limit = self._of(kind, "limit_price")
        time_in_force = self._of(kind, "time_in_force")
        ends = time_in_force == TimeInForce.GTD
        slippage = self._of(kind, "max_slippage")
        interval = self._of(kind, "interval")
        return Ticket(
            symbol=data["symbol"],
            kind=kind,
            wish=Wish(
                connection_id=int(data["connection"]),
                side=side,
                kind=tickets.order_kind(kind, limited=limit is not None),
                quantity=quantity,
                spend=spend,
                limit_price=limit,
                trigger_price=self._of(kind, "trigger_price"),
                trail=_part(self._of(kind, "trail")),
                time_in_force=TimeInForce(time_in_force) if time_in_force else None,
                expires_at=data.get("expires_at") if ends else None,
                reduce_only=data["reduce_only"],
                max_slippage=_part(slippage) or MAX_SLIPPAGE,
            ),
            profit_price=self._of(kind, "profit_price"),
            stop_trigger=self._of(kind, "stop_trigger"),
            stop_limit=self._of(kind, "stop_limit"),
            stop_trail=_part(self._of(kind, "stop_trail")),
            slices=self._of(kind, "slices"),
            interval=None if interval is None else timedelta(seconds=interval),
        )

    def _of(self, kind: TicketKind, name: str) -> Any:
        known: Any = self.fields[name]
        return self.cleaned_data.get(name) if kind.value in known.kinds.split() else None

    def _size(
        self, side: Side, terms: Terms | None, free: dict[str, Decimal]
    ) -> tuple[Decimal | None, Decimal | None]:
        size, unit = self.cleaned_data.get("size"), self.cleaned_data.get("size_in")
        if size is None or unit == "quantity":
            return size, None
        if unit == "spend":
            return None, size
        if terms is None:
            return ZERO, None
        part = min(size, HUNDRED) / HUNDRED
        if side is Side.BUY:
            return None, free.get(terms.quote, ZERO) * part
        whole, step = free.get(terms.base, ZERO) * part, terms.rules.quantity_step
        return (floored(whole, step) if step else whole), None

    def refuse(self, error: CryonelError) -> None:
        """Show a refusal at its fields, else on top of the form."""
        if not isinstance(error, OrderFieldsWrong) or not isinstance(error.details, dict):
            self.add_error(None, api.say(error))
            return
        for name, sentences in error.details.items():
            field = AT.get(name, name)
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, gettext(sentence))


def _part(percent: Decimal | None) -> Decimal | None:
    """Percent as people type them, as a fraction."""
    return None if percent is None else percent / HUNDRED
