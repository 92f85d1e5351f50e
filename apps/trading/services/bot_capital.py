"""A bot's capital is set aside when it starts and given free when it stops.

Both happen under the account's lock, which the caller holds: every order of the workspace is
decided under the same lock, so no balance is promised twice.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from apps.core.domain.errors import InputInvalid, InputRefused, gettext_noop
from apps.core.domain.money import ZERO, plain
from apps.markets.selectors import mids_now
from apps.trading.domain.capital import capital_split, quotes_of
from apps.trading.domain.errors import CapitalNotFree, CapitalUnpriced
from apps.trading.models import Bot, BotCapital
from apps.trading.selectors import gate_facts
from apps.venues.registry import venue_label

MOST = Decimal(10) ** 15


def capital_checked(capital: Decimal | None, symbols: Collection[str]) -> Decimal | None:
    """Raises InputRefused at the field `capital`."""
    if capital is None:
        return None
    if not capital.is_finite() or not 0 < capital < MOST:
        raise InputRefused(details={"capital": [gettext_noop("An amount above 0, or nothing.")]})
    if len(quotes_of(symbols)) != 1:
        problem = gettext_noop("Capital needs pairs that share one quote asset.")
        raise InputRefused(details={"capital": [problem]})
    return capital


def capital_set_aside(bot: Bot, symbols: Collection[str]) -> None:
    """What others cannot spend from now on. Raises CapitalNotFree and CapitalUnpriced, at the
    field `capital`."""
    capital_release(bot)
    if bot.capital is None:
        return
    used = {each.connection_id: each.venue for each in bot.venues.all()}
    wanted = capital_split(
        bot.capital, connection_ids=sorted(used), symbols=symbols, prices=_prices(symbols)
    )
    free = gate_facts.capital(bot.workspace_id, wanted.keys(), bot_id=bot.pk)
    for (number, asset), needed in wanted.items():
        there = max(free.get((number, asset), ZERO), ZERO)
        if there < needed:
            venue = venue_label(used[number])
            raise _at_field(
                CapitalNotFree(venue=venue, asset=asset, needed=plain(needed), free=plain(there))
            )
    BotCapital.objects.bulk_create(
        BotCapital(bot=bot, connection_id=number, asset=asset, amount=amount)
        for (number, asset), amount in wanted.items()
    )


def _prices(symbols: Collection[str]) -> dict[str, Decimal]:
    mids = mids_now()
    for symbol in symbols:
        if symbol not in mids:
            raise _at_field(CapitalUnpriced(symbol=symbol))
    return mids


def _at_field(problem: InputInvalid) -> InputInvalid:
    problem.details = {"capital": [str(problem)]}
    return problem


def capital_release(bot: Bot) -> None:
    BotCapital.objects.filter(bot=bot).delete()
