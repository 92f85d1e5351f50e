"""The people of a run: each with paper accounts at two or three venues and a running bot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from apps.accounts.services import user_create
from apps.billing.services import plan_set
from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading import tasks
from apps.trading.campaign.children import Note
from apps.trading.campaign.scenario import Scenario
from apps.trading.services import bots
from apps.trading.services.reconcile import connection_reconcile
from apps.venues.services import connection_remove, practice_connection_open


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's workspace in a run. `links`: connection id to venue code."""

    workspace_id: int
    user_id: int
    bot_id: int
    links: dict[int, str]

    @classmethod
    def read(cls, told: dict[str, Any]) -> Desk:
        """From what a child process told as JSON."""
        links = {int(number): venue for number, venue in told["links"].items()}
        return cls(told["workspace_id"], told["user_id"], told["bot_id"], links)

    def tell(self) -> dict[str, Any]:
        return asdict(self)


def desks_make(scenario: Scenario, name: str) -> list[Desk]:
    """Everybody of a run. `name` is new in this database."""
    return [_desk(scenario, person, name) for person in range(scenario.people())]


def desks_close(note: Note, desks: Iterable[Desk]) -> None:
    """Everybody leaves: what looks at all connections has no more to look at because of them."""
    for desk in desks:
        actor = Actor.platform(desk.workspace_id)
        steps: list[Callable[..., object]] = [
            partial(bots.bot_stop, actor=actor, bot_id=desk.bot_id),
            partial(bots.bot_delete, actor=actor, bot_id=desk.bot_id),
            *(partial(connection_remove, actor=actor, connection_id=each) for each in desk.links),
        ]
        for step in steps:
            try:
                step(now=timezone.now())
            except CryonelError as problem:
                note("stays", [problem.code, str(problem)])


def _desk(scenario: Scenario, person: int, name: str) -> Desk:
    now = timezone.now()
    user, actor = user_create(email=f"{name}.{person}@example.org", password=None, now=now)
    platform = Actor.platform(actor.workspace_id)
    plan_set(actor=platform, workspace_id=actor.workspace_id, plan="power", now=now)
    money = {asset: Decimal(amount) for asset, amount in scenario.money(person).items()}
    links = [
        practice_connection_open(actor=actor, venue=f"practice.{code}", balances=money, now=now)
        for code in scenario.connections(person)
    ]
    bot = bots.bot_create(
        actor=actor,
        name="Spread",
        strategy="arbitrage",
        params=scenario.params(person),
        connection_ids=[link.pk for link in links],
        now=now,
    )
    for link in links:
        tasks.connection_refresh(workspace_id=actor.workspace_id, connection_id=link.pk)
        connection_reconcile(
            workspace_id=actor.workspace_id, connection_id=link.pk, now=timezone.now()
        )
    bots.bot_start(actor=actor, bot_id=bot.pk, now=timezone.now())
    return Desk(actor.workspace_id, user.pk, bot.pk, {link.pk: link.venue for link in links})
