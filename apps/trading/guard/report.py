"""The proof: what was met, what was done, what the venues said afterwards. Amounts as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Q

from apps.core.domain.errors import CryonelError
from apps.core.domain.money import ZERO, plain
from apps.trading.domain import kill
from apps.trading.domain.kill import NetPosition
from apps.trading.domain.orders import LIVE
from apps.trading.guard.desk import ask_all
from apps.trading.guard.flatten import Left, Rest, rest_said
from apps.trading.guard.orders import Seen, connections_in_scope
from apps.trading.guard.work import Work
from apps.trading.models import Fill, KillOrder, Order
from apps.trading.selectors.positions_net import executions_of, net_positions, of_bot
from apps.trading.services.kill_orders import orders_in_scope
from apps.venues.domain.ports import Balance


def positions_said(positions: Iterable[NetPosition]) -> list[dict[str, Any]]:
    return [
        {
            "bot": each.bot_id,
            "asset": each.base,
            "quote": each.quote,
            "net": plain(each.net),
            "places": [
                {
                    "connection": place.connection_id,
                    "venue": place.venue,
                    "symbol": place.symbol,
                    "amount": plain(place.amount),
                }
                for place in each.places
            ],
        }
        for each in positions
    ]


def balances_said(work: Work) -> dict[str, Any]:
    """{connection: {at, assets} or {problem}} as the venues say now."""
    questions: dict[int, Any] = {}
    found: dict[str, Any] = {}
    for number in connections_in_scope(work):
        client = work.desk.client(number)
        if client is None:
            found[str(number)] = {"problem": work.desk.problems[number]}
        else:
            questions[number] = partial(_balances, client)
    for number, answer in ask_all(questions).items():
        if isinstance(answer, CryonelError):
            found[str(number)] = {"problem": answer.code or "UNFORESEEN"}
        else:
            found[str(number)] = {
                "at": work.now.isoformat(),
                "last_fill": _last_fill(number),
                "assets": {b.asset: [plain(b.free), plain(b.used)] for b in answer if b.total},
            }
    return found


def _balances(client: Any) -> list[Balance]:
    found: list[Balance] = client.balances()
    return found


def _last_fill(connection_id: int) -> int:
    rows = Fill.objects.filter(connection_id=connection_id).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def met(work: Work) -> dict[str, Any]:
    """What stands when the command begins."""
    live = orders_in_scope(work.workspace_id, work.bot_id).filter(status__in=sorted(LIVE))
    return {
        "at": work.now.isoformat(),
        "orders": list(live.order_by("pk").values_list("pk", flat=True)),
        "positions": positions_said(net_positions(work.workspace_id, work.bot_id)),
    }


def part_report(
    work: Work,
    *,
    seen: Seen | None,
    rests: Sequence[Rest],
    plans: Sequence[int],
    live: Sequence[Order],
) -> dict[str, Any]:
    """Everything about this workspace, ready to be hashed."""
    before = work.part.before or {}
    report: dict[str, Any] = {
        "workspace": work.workspace_id,
        "begun_at": before.get("at"),
        "orders": [_order_said(each) for each in _ended(work, before.get("orders", []))],
        "external_orders_left_alone": [] if seen is None else seen.external,
        "connections_without_answer": {} if seen is None else _keyed(seen.unseen),
        "connections_that_list_no_orders": [] if seen is None else seen.unlisted,
        "left": {
            "orders": [each.client_order_id for each in live],
            "plans": list(plans),
            "positions": [rest_said(each) for each in rests],
        },
    }
    if work.flattening:
        after = balances_said(work)
        report["positions"] = _positions(work, before, rests)
        report["balances"] = {
            number: {
                "before": before.get("balances", {}).get(number),
                "after": said,
                "explained_by_fills": _explained(
                    int(number), before.get("balances", {}).get(number), said
                ),
            }
            for number, said in after.items()
        }
    return report


def _keyed(values: dict[int, str]) -> dict[str, str]:
    return {str(number): code for number, code in values.items()}


def _ended(work: Work, numbers: list[int]) -> list[Order]:
    mine = Q(pk__in=numbers) | Q(kill__part=work.part)
    asked = Q(cancel_reason="KILL", cancel_requested_at__gte=work.run.requested_at)
    rows = orders_in_scope(work.workspace_id, work.bot_id).filter(mine | asked)
    return list(rows.prefetch_related("fills").order_by("pk").distinct())


def _order_said(order: Order) -> dict[str, Any]:
    return {
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id,
        "bot": order.bot_id,
        "origin": order.origin,
        "venue": order.venue,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": plain(order.quantity),
        "limit_price": None if order.limit_price is None else plain(order.limit_price),
        "status": order.status,
        "reason": order.reason,
        "filled": plain(order.filled),
        "sent_at": _moment(order.sent_at),
        "closed_at": _moment(order.closed_at),
        "fills": [
            {
                "trade_id": fill.venue_trade_id,
                "at": fill.traded_at.isoformat(),
                "quantity": plain(fill.quantity),
                "price": None if fill.price is None else plain(fill.price),
                "fee": None if fill.fee is None else plain(fill.fee),
                "fee_asset": fill.fee_asset,
            }
            for fill in order.fills.all()
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _positions(work: Work, before: dict[str, Any], rests: Sequence[Rest]) -> list[dict[str, Any]]:
    now = {(p.bot_id, p.base): p for p in net_positions(work.workspace_id, work.bot_id)}
    why = {(rest.position.bot_id, rest.position.base): rest for rest in rests}
    met_then = {(each["bot"], each["asset"]): each for each in before.get("positions", [])}
    for each in positions_said(now.values()):  # what only came to light meanwhile
        met_then.setdefault((each["bot"], each["asset"]), {**each, "net": "0"})
    found = []
    for key, each in met_then.items():
        rest = why.get(key)
        settled = now[key].net if key in now else ZERO
        earned = _realised(work, key, each)
        found.append(
            {
                "bot": key[0],
                "asset": key[1],
                "quote": each["quote"],
                "before": each["net"],
                "held_at": each["places"],
                "after": plain(settled),
                "outcome": "FLAT" if rest is None else rest.why.value,
                "left_value": None if rest is None or rest.value is None else plain(rest.value),
                "realised": None if earned is None else plain(round(earned, 18)),
            }
        )
    return found


def _realised(work: Work, key: tuple[int | None, str], said: dict[str, Any]) -> Decimal | None:
    """Of this command's closing orders, against the average cost. One quote only: else unknown."""
    rows = KillOrder.objects.filter(of_bot(key[0], "order__bot"), part=work.part, base=key[1])
    closing = set(rows.values_list("order_id", flat=True))
    symbols = sorted({place["symbol"] for place in said["places"] if place["symbol"]})
    if not closing or len({each.partition("/")[2] for each in symbols}) != 1:
        return None if closing else ZERO
    return kill.realised(
        executions_of(
            workspace_id=work.workspace_id, bot_id=key[0], symbols=symbols, closing=closing
        )
    )


def _explained(connection_id: int, before: Any, after: Any) -> bool | None:
    """Whether our fills account for every change between both. None: one was not told."""
    if not before or not after or "assets" not in before or "assets" not in after:
        return None
    moved: dict[str, Decimal] = {}
    rows = Fill.objects.filter(
        connection_id=connection_id, pk__gt=before["last_fill"], pk__lte=after["last_fill"]
    )
    for fill in rows:
        if fill.price is None or fill.fee is None:
            return None
        base, _, quote = fill.symbol.partition("/")
        sign = 1 if fill.side == "buy" else -1
        for asset, amount in (
            (base, sign * fill.quantity),
            (quote, -sign * fill.quantity * fill.price),
            (fill.fee_asset, -fill.fee),
        ):
            moved[asset] = moved.get(asset, ZERO) + amount
    then, now = _totals(before["assets"]), _totals(after["assets"])
    return all(
        now.get(asset, ZERO) - then.get(asset, ZERO) == moved.get(asset, ZERO)
        for asset in then.keys() | now.keys() | moved.keys() - {""}
    )


def _totals(assets: dict[str, list[str]]) -> dict[str, Decimal]:
    return {asset: Decimal(free) + Decimal(used) for asset, (free, used) in assets.items()}


__all__ = ["Left", "balances_said", "met", "part_report", "positions_said"]
