"""Forms made from an adapter's declaration, so that a new venue needs no page of its own."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.venues.domain.connections import LONGEST_CREDENTIAL, needs_proof
from apps.venues.domain.ports import Need, VenueSpec

PREFIX = "credential_"
PAPER_START = {"USDT": Decimal(10_000)}
MOST_ASSETS = 8


class ConnectionForm(forms.Form):
    """Name, use, and one field for each credential of the adapter."""

    label = forms.CharField(label=_("Name"), max_length=80, required=False)
    need = forms.ChoiceField(label=_("Use"), choices=(), initial=Need.VIEW)

    def __init__(self, spec: VenueSpec, *args: object, unproven_allowed: bool) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.spec = spec
        needs = [(Need.VIEW.value, _("Look only"))]
        if not needs_proof(spec, Need.TRADE, unproven_allowed=unproven_allowed):
            needs.append((Need.TRADE.value, _("Look and trade")))
        choice = self.fields["need"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = needs
        for each in spec.credential_fields:
            self.fields[PREFIX + each.name] = forms.CharField(
                label=gettext(each.label),
                help_text=gettext(each.help) if each.help else "",
                required=each.required,
                max_length=LONGEST_CREDENTIAL,
                widget=_widget(secret=each.secret),
            )

    def credentials(self) -> dict[str, str]:
        return {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX)
        }


class PaperForm(forms.Form):
    """Name and starting balances of a paper account."""

    label = forms.CharField(label=_("Name"), max_length=80, required=False)

    def __init__(self, assets: list[str], *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        for asset in assets[:MOST_ASSETS]:
            self.fields[PREFIX + asset] = forms.DecimalField(
                label=asset,
                min_value=0,
                max_value=Decimal(10) ** 12,
                decimal_places=8,
                max_digits=21,
                required=False,
                initial=PAPER_START.get(asset, Decimal(0)),
            )

    def balances(self) -> dict[str, Decimal]:
        return {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value
        }


class TopUpForm(forms.Form):
    asset = forms.CharField(max_length=20, required=False, empty_value="USDT")
    amount = forms.DecimalField(
        min_value=Decimal("0.00000001"),
        max_value=Decimal(10) ** 12,
        decimal_places=8,
        max_digits=21,
        required=False,
    )


def _widget(*, secret: bool) -> forms.Widget:
    """A secret is never sent back to the browser: render_value stays off."""
    off = {"autocomplete": "off", "spellcheck": "false"}
    return (
        forms.PasswordInput(attrs=off | {"autocomplete": "new-password"})
        if secret
        else (forms.TextInput(attrs=off))
    )
