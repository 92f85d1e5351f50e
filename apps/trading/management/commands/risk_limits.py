"""manage.py risk_limits [--plan CODE] [--set NAME=VALUE ...]: caps of the platform or a plan."""

from __future__ import annotations

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.domain.money import plain
from apps.core.domain.people import Actor
from apps.trading.domain.errors import LimitsWrong
from apps.trading.domain.policies import LIMITS, SPECS, Scope
from apps.trading.models import RiskPolicy
from apps.trading.services.policies import EVERYBODY, caps_set


class Command(BaseCommand):
    help = "Show or set the caps that bind every workspace, or those of a plan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--plan", default="", metavar="CODE", help="a plan's, not the platform's"
        )
        parser.add_argument(
            "--set",
            dest="values",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="fractions as fractions (0.05 is 5 %%), 'none' takes a cap away",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = options["plan"]
        if options["values"]:
            values = dict(_pair(text) for text in options["values"])
            try:
                caps_set(
                    actor=Actor.platform(EVERYBODY),
                    values=values,
                    plan_code=plan,
                    now=timezone.now(),
                )
            except LimitsWrong as e:
                raise CommandError(f"{e} {e.details}") from e
        self._show(plan)

    def _show(self, plan: str) -> None:
        scope = Scope.PLAN if plan else Scope.PLATFORM
        row = RiskPolicy.objects.filter(scope=scope, plan_code=plan).first()
        if row is None:
            missing = f"No caps are set for the plan {plan}."
            raise CommandError(missing if plan else "The platform's caps are missing: migrate.")
        for spec in LIMITS:
            value = getattr(row, spec.name)
            shown = "no limit" if value is None else plain(value)
            self.stdout.write(f"{spec.name:26} {shown:>14}  {spec.kind.value:9} {spec.label}")


def _pair(text: str) -> tuple[str, Decimal | None]:
    name, equals, value = text.partition("=")
    if not equals or name not in SPECS:
        raise CommandError(f"{text}: NAME=VALUE with a name of the list is needed.")
    if value.lower() == "none":
        return name, None
    try:
        return name, Decimal(value)
    except InvalidOperation:
        raise CommandError(f"{text}: {value} is not a number.") from None
