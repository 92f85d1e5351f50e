"""The demo's world: who is in it, and the ways in that are handed out at each start.

Deterministic: the same seed makes the same world, and seeding again adds only what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.domain.people import Actor

if TYPE_CHECKING:
    from apps.core.domain.people import Actor

EMAIL = "alice@demo.cryonel.example"
PLAN = "power"  # paper trading without a limit of connections
# What each paper account starts with: about 50,000 USDT in each asset, inventory on every venue.
START = {
    "USDT": "50000",
    "USDC": "50000",
    "BTC": "0.8",
    "ETH": "15",
    "SOL": "300",
    "XRP": "80000",
    "ADA": "80000",
    "DOGE": "250000",
    "LINK": "3000",
    "AVAX": "1500",
    "LTC": "500",
}

# The practice venues charge 2 to 4 hundredths of a percent: their spreads are of that size too.
BOT = {
    "threshold": "0.03",
    "buffer": "0.01",
    "notional": "1000",
    "max_per_hour": "600",
    "max_per_day": "10000",
}


def seed() -> dict[str, str]:
    """Make what is missing, then a sign-in path and an API token for this start.

    Returns {"said", "login_path", "api_token"}. Runs in a process of its own, while the practice
    venue serves.
    """
    from django.urls import reverse
    from django.utils import timezone

    from apps.accounts import services as accounts

    now = timezone.now()
    actor, is_new = _alice(now)
    trading = _trading(actor, now)
    link = accounts.sign_in_link_create(user_id=actor.person, now=now)
    _, clear = accounts.api_token_create(actor=actor, name="Demo", now=now)
    return {
        "said": f"alice is {'new' if is_new else 'back'}, {trading}",
        "login_path": reverse("sign-in-link", args=[link]),
        "api_token": clear,
    }


def _alice(now: datetime) -> tuple[Actor, bool]:
    """Alice as the owner of her personal workspace, and whether this is the first start."""
    from apps.accounts import selectors, services
    from apps.billing.services import plan_set

    known = selectors.user_by_email(email=EMAIL)
    if known is not None:
        return selectors.actor_get(user_id=known.pk), False
    with transaction.atomic():  # a start that is killed between the two begins again
        _, actor = services.user_create(email=EMAIL, password=None, name="Alice", now=now)
        platform = Actor.platform(actor.workspace_id)
        plan_set(actor=platform, workspace_id=actor.workspace_id, plan=PLAN, now=now)
    return actor, True


def _trading(actor: Actor, now: datetime) -> str:
    """Paper accounts at every practice instance that runs, and a bot over them."""
    from apps.markets.services import instruments_refresh
    from apps.venues import practice_control, services

    instances = practice_control.instance_list()
    connection_ids = [
        services.practice_connection_open(
            actor=actor,
            venue=instance.code,
            balances=balances_for(instance.symbols),
            now=now,
            ref=f"demo.{instance.code}",
            label=instance.label,
        ).pk
        for instance in instances
    ]
    for instance in instances:
        instruments_refresh(venue=instance.code, now=now)
    said = f"{len(instances)} practice accounts"
    if len(instances) > 1:
        name = "Arbitrage " + " ".join(each.code.partition(".")[2] for each in instances)
        is_new = _bot(
            actor, name, pairs_of([each.symbols for each in instances]), connection_ids, now
        )
        said += ", a bot started" if is_new else ", the bot as it was left"
    return said


def _bot(
    actor: Actor, name: str, pairs: list[str], connection_ids: list[int], now: datetime
) -> bool:
    """An arbitrage bot that fits the practice venues' low fees; whether it is new.

    One that exists is left alone: stopped or changed by its owner, it stays so.
    """
    from apps.trading.domain.errors import BotNameTaken
    from apps.trading.services import bots

    try:
        with transaction.atomic():  # never a bot that was made and not started
            bot = bots.bot_create(
                actor=actor,
                name=name,
                strategy="arbitrage",
                params={"pairs": pairs, **BOT},
                connection_ids=connection_ids,
                now=now,
            )
            bots.bot_start(actor=actor, bot_id=bot.pk, now=now)
    except BotNameTaken:
        return False
    return True


def pairs_of(listed: Sequence[Sequence[str]]) -> list[str]:
    """The symbols that every instance trades and that the start balances can pay, by name.

    A bot's amounts are in one quote asset: the one that most of the symbols have.
    """
    shared = set(listed[0]).intersection(*listed[1:])
    payable = sorted(symbol for symbol in shared if set(symbol.split("/")) <= START.keys())
    quotes = Counter(symbol.partition("/")[2] for symbol in payable)
    main = max(quotes, key=lambda quote: (quotes[quote], quote), default="")
    return [symbol for symbol in payable if symbol.endswith(f"/{main}")]


def balances_for(symbols: Iterable[str]) -> dict[str, Decimal]:
    """The start balances of the assets that these symbols trade."""
    assets: set[str] = set()
    for symbol in symbols:
        assets.update(symbol.split("/"))
    return {asset: Decimal(amount) for asset, amount in START.items() if asset in assets}
