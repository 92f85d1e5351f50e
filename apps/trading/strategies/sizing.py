"""How much to trade between two books, and at which limits. Exact, in Decimal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

from apps.core.domain.money import ZERO, floored, plain
from apps.markets.domain.errors import DepthTooThin, LevelsInvalid
from apps.markets.domain.spreads import LegFees, Level, Spread, exact_spread
from apps.trading.domain.decisions import Decision, percent
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind, SizeRules
from apps.trading.strategies.interface import BookTick, VenueFacts
from apps.venues.domain.ports import Side

if TYPE_CHECKING:
    from apps.trading.strategies.arbitrage import ArbitrageParams

Direction = tuple[VenueFacts, VenueFacts]  # buy there, sell here


def best_direction(venues: Sequence[VenueFacts]) -> Direction | None:
    """The pair of venues whose best prices promise the most after fees; None below two."""
    pairs = [(buy, sell) for buy, sell in permutations(venues, 2) if buy.venue != sell.venue]
    return max(pairs, key=lambda pair: top_net(*pair), default=None)


def top_net(buy: VenueFacts, sell: VenueFacts) -> Decimal:
    return level_net(buy.asks[0][0], sell.bids[0][0], _fees(buy, sell))


def level_net(ask: Decimal, bid: Decimal, fees: LegFees) -> Decimal:
    """What buying at ask and selling at bid leaves after both fees, as a fraction."""
    return (bid * (1 - fees.sell) - ask * (1 + fees.buy)) / ask


def plan_for(
    buy: VenueFacts, sell: VenueFacts, event: BookTick, params: ArbitrageParams
) -> tuple[PlanIntent | None, Decision]:
    """The plan in this direction with the decision to trade, or only the reason not to."""
    symbol, fees = event.symbol, _fees(buy, sell)
    needed = params.threshold + params.buffer
    paying = paying_quantity(buy.asks, sell.bids, fees, needed, params.max_slippage)
    if not paying:
        return None, _below(symbol, buy, sell, top_net(buy, sell), needed)
    wanted, lacking = _affordable(paying, buy, sell, fees, params, symbol)
    step = common_step(_rules(buy).quantity_step, _rules(sell).quantity_step)
    try:
        spread = exact_spread(
            buy.asks, sell.bids, params.notional, fees, quantity_step=step, max_quantity=wanted
        )
    except DepthTooThin:
        return None, lacking or _too_small(symbol, wanted)
    except LevelsInvalid as problem:
        return None, Decision(
            "BOOK_UNUSABLE", symbol, {"symbol": symbol, "problem": str(problem.context["problem"])}
        )
    intent = _intent(buy, sell, event, params, spread, fees)
    for leg in intent.legs:
        if leg.rules.tradable(spread.quantity, leg.limit_price) != spread.quantity:
            return None, lacking or _too_small(symbol, spread.quantity)
    if spread.net < needed:
        return None, _below(symbol, buy, sell, spread.net, needed)
    return intent, _proposed(intent, buy, sell, spread)


def paying_quantity(
    asks: Sequence[Level],
    bids: Sequence[Level],
    fees: LegFees,
    needed: Decimal,
    max_slippage: Decimal,
) -> Decimal:
    """Base units whose every single level pair nets at least `needed` within the slippage."""
    highest, lowest = asks[0][0] * (1 + max_slippage), bids[0][0] * (1 - max_slippage)
    i = j = 0
    taken = used_ask = used_bid = ZERO
    while i < len(asks) and j < len(bids):
        (ask, offered), (bid, demanded) = asks[i], bids[j]
        if ask > highest or bid < lowest or level_net(ask, bid, fees) < needed:
            break
        part = min(offered - used_ask, demanded - used_bid)
        taken, used_ask, used_bid = taken + part, used_ask + part, used_bid + part
        if used_ask == offered:
            i, used_ask = i + 1, ZERO
        if used_bid == demanded:
            j, used_bid = j + 1, ZERO
    return taken


def common_step(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """The smallest size that is a multiple of both steps, so that both legs can be equal."""
    if left is None or right is None:
        return left or right
    scale = Decimal(10) ** -min(_exponent(left), _exponent(right), 0)
    return Decimal(math.lcm(int(left * scale), int(right * scale))) / scale


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _affordable(
    paying: Decimal,
    buy: VenueFacts,
    sell: VenueFacts,
    fees: LegFees,
    params: ArbitrageParams,
    symbol: str,
) -> tuple[Decimal, Decision | None]:
    """The paying size cut to both free balances, and which of them is short if one is."""
    base, quote = symbol.split("/")
    worst = buy.asks[0][0] * (1 + params.max_slippage) * (1 + fees.buy)
    by_quote = (buy.free_quote or ZERO) / worst
    by_base = sell.free_base or ZERO
    for size, venue, asset in ((by_quote, buy, quote), (by_base, sell, base)):
        if size < paying and size <= min(by_quote, by_base):
            where = {"symbol": symbol, "asset": asset, "venue": venue.venue}
            return max(size, ZERO), Decision("BALANCE_TOO_LOW", symbol, where)
    return paying, None


def _intent(
    buy: VenueFacts,
    sell: VenueFacts,
    event: BookTick,
    params: ArbitrageParams,
    spread: Spread,
    fees: LegFees,
) -> PlanIntent:
    base, quote = event.symbol.split("/")
    buy_limit, sell_limit = limits(buy, sell, params, spread, fees)
    return PlanIntent(
        kind=PlanKind.PARALLEL,
        symbol=event.symbol,
        base=base,
        quote=quote,
        quantity=spread.quantity,
        legs=(
            _leg(1, buy, event.symbol, Side.BUY, buy_limit, buy.asks[0][0]),
            _leg(2, sell, event.symbol, Side.SELL, sell_limit, sell.bids[0][0]),
        ),
        expected_net=spread.net,
        expected_profit=spread.profit_quote,
        valid_for=timedelta(seconds=params.valid_for),
        max_unwind_loss=params.max_unwind_loss,
        book_received_ns=event.received_ns,
        book_ages=(buy.book_age or 0.0, sell.book_age or 0.0),
    )


def limits(
    buy: VenueFacts, sell: VenueFacts, params: ArbitrageParams, spread: Spread, fees: LegFees
) -> tuple[Decimal, Decimal]:
    """The walked limits, each giving way by half the buffer, never past slippage or threshold."""
    half = params.buffer / 2
    most = buy.asks[0][0] * (1 + params.max_slippage)
    least = sell.bids[0][0] * (1 - params.max_slippage)
    highest = max(spread.buy_limit, min(spread.buy_limit * (1 + half), most))
    lowest = min(spread.sell_limit, max(spread.sell_limit * (1 - half), least))
    buy_limit = max(spread.buy_limit, _rules(buy).price_down(highest))
    sell_limit = min(spread.sell_limit, _rules(sell).price_up(lowest))
    if level_net(buy_limit, sell_limit, fees) < params.threshold:
        return spread.buy_limit, spread.sell_limit
    return buy_limit, sell_limit


def _leg(
    leg_no: int, at: VenueFacts, symbol: str, side: Side, limit: Decimal, top: Decimal
) -> LegSpec:
    return LegSpec(
        leg_no=leg_no,
        connection_id=at.connection_id,
        venue=at.venue,
        symbol=symbol,
        side=side,
        limit_price=limit,
        reference_price=top,
        fee_rate=at.taker_fee or ZERO,
        rules=_rules(at),
    )


def _fees(buy: VenueFacts, sell: VenueFacts) -> LegFees:
    return LegFees(buy=buy.taker_fee or ZERO, sell=sell.taker_fee or ZERO)


def _rules(at: VenueFacts) -> SizeRules:
    return at.rules or SizeRules()


def _below(
    symbol: str, buy: VenueFacts, sell: VenueFacts, net: Decimal, needed: Decimal
) -> Decision:
    figures = {"net": percent(net), "threshold": percent(needed)}
    where = {"symbol": symbol, "buy": buy.venue, "sell": sell.venue}
    return Decision("BELOW_THRESHOLD", symbol, where | figures, best=net)


def _too_small(symbol: str, size: Decimal) -> Decision:
    shown = plain(floored(size, Decimal("1e-8")))
    return Decision("SIZE_TOO_SMALL", symbol, {"symbol": symbol, "size": shown})


def _proposed(intent: PlanIntent, buy: VenueFacts, sell: VenueFacts, spread: Spread) -> Decision:
    params = {
        "symbol": intent.symbol,
        "quantity": plain(intent.quantity),
        "buy": buy.venue,
        "sell": sell.venue,
        "net": percent(spread.net),
    }
    return Decision("PLAN_PROPOSED", intent.symbol, params, best=spread.net)
