"""What the processes of a run do: the product's own services and tasks, and nothing else."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading import arb_check, execution
from apps.trading.campaign.children import Note
from apps.trading.campaign.desk import Desk
from apps.trading.campaign.post import Letter, PostOffice
from apps.trading.campaign.trading_desk import Shelf, mirror_write
from apps.trading.domain.groups import OVER
from apps.trading.domain.orders import LIVE
from apps.trading.domain.plans import ALIVE, PlanStatus
from apps.trading.models import Bot, Order, OrderGroup, Plan
from apps.trading.services import account
from apps.trading.services.plan_open import plan_open, plan_open_claimed
from apps.trading.strategies.arbitrage import ArbitrageParams
from apps.trading.strategies.parameters import params_parse
from cryonel.celery import app

SWEEPERS = ("core.outbox_sweep", "trading.")
MOST_LETTERS = 400  # in one settling round; more would be a storm of their own


def engine(note: Note, desk: Desk, symbols: Sequence[str], shelf: Shelf, *, sends: bool) -> None:
    """Look at the books, decide, and ask the gate, once for each symbol. `sends`: as the engine
    does with clients at hand; else a worker hears of the plan."""
    mirror_write(shelf)
    bot = Bot.objects.get(pk=desk.bot_id)
    params = params_parse(ArbitrageParams, bot.params)
    for symbol in symbols:
        try:
            books = arb_check.books_ask(list(desk.links.values()), symbol)
        except CryonelError as problem:
            note("blind", problem.code)
            continue
        intent, decision = arb_check.decide(
            replace(params, pairs=(symbol,)),
            workspace_id=desk.workspace_id,
            connections=list(desk.links.items()),
            books=books,
            now=timezone.now(),
        )
        if intent is None:
            note("idle", decision.code)
            continue
        wanted: dict[str, Any] = {
            "actor": Actor.platform(desk.workspace_id),
            "bot_id": desk.bot_id,
            "fencing_token": bot.fencing_token,
            "intent": intent,
            "now": timezone.now(),
        }
        plan, orders = plan_open_claimed(**wanted) if sends else (plan_open(**wanted), [])
        why = plan.decision.code if plan.status == PlanStatus.DENIED else ""
        note("opened", [plan.pk, plan.status, f"{plan.quantity:f} {symbol} {why}"])
        if orders:
            execution.plan_execute(actor=wanted["actor"], orders=orders)


def worker(note: Note, letters: Sequence[Letter]) -> None:
    """Carry out letters in order; one that fails is told and does not stop the next."""
    for number, letter in enumerate(letters):
        note("begin", number)
        _carry_out(note, letter.task, dict(letter.arguments))
        note("end", number)


def beat(note: Note) -> None:
    """Every regular task of trading, as the schedule would start them."""
    for each in settings.CELERY_BEAT_SCHEDULE.values():
        if (task := str(each["task"])).startswith(SWEEPERS):
            _carry_out(note, task, {})


def settler(note: Note, office: PostOffice, letters: Iterable[Letter], desks: list[Desk]) -> bool:
    """Beat once, carry out everything that follows from it, and say whether all is at rest."""
    waiting = deque(letters)

    def keep(letter: Letter) -> None:
        """What waits already is not asked for twice: no task of ours counts its messages."""
        if letter not in waiting:
            waiting.append(letter)

    office.send = keep  # type: ignore[method-assign] # this process keeps its letters
    beat(note)
    done = 0
    while waiting and done < MOST_LETTERS:
        letter = waiting.popleft()
        _carry_out(note, letter.task, dict(letter.arguments))
        done += 1
    if waiting:
        note("storm", [str(letter) for letter in list(waiting)[:5]])
    mine = {"workspace_id__in": [desk.workspace_id for desk in desks]}
    return not (
        Order.objects.filter(status__in=LIVE, **mine).exists()
        or Plan.objects.filter(status__in=ALIVE, **mine).exists()
        or OrderGroup.objects.filter(**mine).exclude(status__in=OVER).exists()
    )


def halt(note: Note, desks: Iterable[Desk]) -> None:
    for desk in desks:
        account.trading_halt(
            actor=Actor.platform(desk.workspace_id), reason="campaign", now=timezone.now()
        )


def resume(note: Note, desks: Iterable[Desk]) -> None:
    for desk in desks:
        account.trading_resume(actor=Actor.platform(desk.workspace_id), now=timezone.now())


def _carry_out(note: Note, task: str, arguments: dict[str, Any]) -> None:
    try:
        work: Callable[..., Any] = app.tasks[task]
        work(**arguments)
    except Exception as problem:  # noqa: BLE001 as Celery does: told, and on to the next
        place = traceback.extract_tb(problem.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
        note("failed", [task, type(problem).__name__, str(problem)[:160], where])
    finally:
        close_old_connections()
