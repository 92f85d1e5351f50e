"""The living style guide: for staff; to anybody else it is not there."""

from __future__ import annotations

import math

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from apps.accounts.edges import ActorRequest, signed_in
from apps.core.domain.errors import PageMissing

MORNING = 1_780_300_800  # 2026-06-01 08:00 UTC
DOTS = 60


class SampleForm(forms.Form):
    """One field of each kind; the number is wrong on purpose."""

    name = forms.CharField(label=_("Name"), help_text=_("A line that helps."))
    threshold = forms.DecimalField(label=_("Threshold"), max_value=1)
    pairs = forms.MultipleChoiceField(
        label=_("Pairs"),
        choices=[("BTC/USDT", "BTC/USDT"), ("ETH/USDT", "ETH/USDT")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agreed = forms.BooleanField(label=_("A check box"), required=False)


@require_GET
@signed_in
def styleguide(request: ActorRequest) -> HttpResponse:
    _require_staff(request)
    form = SampleForm({"name": "Alice", "threshold": "2", "pairs": ["BTC/USDT"]})
    return render(request, "ui/styleguide.html", {"form": form})


@require_GET
@signed_in
def sample_chart(request: ActorRequest) -> JsonResponse:
    """A wave with a gap: the same every time."""
    _require_staff(request)
    data = [
        [MORNING + 60 * n, None if 30 <= n < 34 else f"{100 + 8 * math.sin(n / 7) + n / 4:.2f}"]
        for n in range(DOTS)
    ]
    series = {"name": "sample", "type": "area", "unit": "USDT", "data": data}
    return JsonResponse({"series": [series]})


def _require_staff(request: ActorRequest) -> None:
    if not getattr(request.user, "is_staff", False):
        raise PageMissing
