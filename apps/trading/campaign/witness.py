"""The practice venue's ledger as the witness against our own books, to the last digit.

Two parties that never saw each other's memory: our tables, read with plain SQL, and the ledger of
each paper account, told by the venue's control address. `discrepancies` returns one sentence per
difference, none when both tell the same story; what it reads it never changes.

    books = books_read(cursor)
    found = discrepancies(books, {link.id: ledger_of(link) for link in books.links})
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
OVER = ("DONE", "FAILED", "UNWOUND", "NEEDS_ATTENTION", "DENIED")
LIVE = ("HELD", "ARMED", "PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED")
TRIED = ("UNWIND_EXHAUSTED",)  # why a plan may ask for a person
Ledger = Mapping[str, Any]

READS = {
    "links": "SELECT id, venue, practice_account FROM venues_connection AS row"
    " WHERE practice_account <> ''",
    "orders": "SELECT id, plan_id, connection_id, client_order_id, symbol, side, quantity, filled,"
    " status, role, reason, sent_at IS NOT NULL AS sent FROM trading_order AS row WHERE TRUE",
    "fills": "SELECT id, order_id, connection_id, symbol, side, venue_trade_id, quantity, price,"
    " fee, fee_asset FROM trading_fill AS row WHERE TRUE",
    "plans": "SELECT id, status, reason, base, quote, residual, pnl, spread_captured, fees,"
    " slippage, pnl_note FROM trading_plan AS row WHERE TRUE",
    "held": "SELECT row.id, row.plan_id, row.order_id, row.group_id"
    " FROM trading_capitalreservation AS row"
    " LEFT JOIN trading_plan p ON p.id = row.plan_id LEFT JOIN trading_order o"
    " ON o.id = row.order_id LEFT JOIN trading_ordergroup g ON g.id = row.group_id"
    " WHERE row.released_at IS NULL AND (p.status IN"
    " ('DONE','FAILED','UNWOUND','NEEDS_ATTENTION','DENIED') OR o.status IN"
    " ('FILLED','CANCELLED','EXPIRED','REJECTED','DENIED')"
    " OR g.status IN ('DONE','CANCELLED','NEEDS_ATTENTION','DENIED'))",
    "groups": "SELECT id, kind, status, reason FROM trading_ordergroup AS row WHERE TRUE",
    "kills": "SELECT id, command, status FROM trading_killrun AS row WHERE TRUE",
    "anomalies": "SELECT order_id, kind FROM trading_orderanomaly AS row WHERE TRUE",
}
MINE = " AND row.workspace_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Books:
    """Our rows as dictionaries. `links` are the paper accounts: id, venue, practice_account."""

    links: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    plans: list[dict[str, Any]]
    held: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    groups: list[dict[str, Any]] = field(default_factory=list)
    kills: list[dict[str, Any]] = field(default_factory=list)

    @property
    def at_rest(self) -> bool:
        """No order may still change and no plan is under way."""
        return all(plan["status"] in OVER for plan in self.plans) and not any(
            order["status"] in LIVE for order in self.orders
        )

    def statuses(self) -> str:
        """How the plans and orders stand, for a person."""
        plans = Counter(plan["status"] for plan in self.plans)
        orders = Counter(order["status"] for order in self.orders)
        odd = Counter(row["kind"] for row in self.anomalies)
        return f"plans {dict(plans)}, orders {dict(orders)}, anomalies {dict(odd)}"


def books_read(cursor: Any, workspaces: Sequence[int] | None = None) -> Books:
    """Everybody's, or only these workspaces', through any DB-API cursor (Django's or psycopg's)."""
    told = {}
    for name, query in READS.items():
        if workspaces is None:
            cursor.execute(query)
        else:
            cursor.execute(query + MINE, [list(workspaces)])
        columns = [column[0] for column in cursor.description]
        told[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return Books(**told)


def ledger_ask(practice_url: str, token: str, link: Mapping[str, Any]) -> Ledger:
    """What the venue knows of a paper account. Raises OSError."""
    instance = link["venue"].partition(".")[2]
    request = urllib.request.Request(  # noqa: S310 our own http address
        f"{practice_url}/control/{instance}/accounts/{link['practice_account']}/ledger",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        told: Ledger = json.load(answer)
        return told


def discrepancies(
    books: Books, ledgers: Mapping[int, Ledger], *, attention: bool = False
) -> list[str]:
    """Everything in which our books and the venues' ledgers (by connection id) differ.

    `attention`: a plan that asks for a person is no difference, as long as the residual that it
    tells is exactly what its fills left behind and every way to close it was tried.
    """
    found = [*_open_ends(books, attention=attention)]
    for link in books.links:
        found += _orders_differ(books, link, ledgers[link["id"]])
        found += _fills_differ(books, link, ledgers[link["id"]])
        found += _balances_differ(books, link, ledgers[link["id"]])
    found += _sums_differ(books)
    return found


def _open_ends(books: Books, *, attention: bool) -> Iterator[str]:
    """What should have come to an end and has not, or ended without its figures."""
    for plan in books.plans:
        if plan["status"] not in OVER:
            yield f"plan {plan['id']} is still {plan['status']}"
        elif None in (plan["pnl"], plan["fees"], plan["spread_captured"], plan["slippage"]):
            yield f"plan {plan['id']} is {plan['status']} without a profit figure"
        if plan["status"] == "NEEDS_ATTENTION" and not (
            attention and plan["residual"] and plan["reason"] in TRIED
        ):
            yield f"plan {plan['id']} was left unbalanced: {plan['residual']} ({plan['reason']})"
    for order in books.orders:
        if order["status"] in LIVE:
            yield f"order {order['client_order_id']} is still {order['status']}"
    yield from _commands_open(books, attention=attention)
    for row in books.held:
        owner = next(kind for kind in ("plan", "order", "group") if row[f"{kind}_id"])
        number = row[f"{owner}_id"]
        yield f"{owner} {number} is over and still holds capital (reservation {row['id']})"


def _commands_open(books: Books, *, attention: bool) -> Iterator[str]:
    """Groups and kill switches that nobody brought to an end."""
    for group in books.groups:
        if group["status"] not in ("DONE", "CANCELLED", "DENIED", "NEEDS_ATTENTION"):
            yield f"group {group['id']} ({group['kind']}) is still {group['status']}"
        elif group["status"] == "NEEDS_ATTENTION" and not (attention and group["reason"]):
            yield f"group {group['id']} ({group['kind']}) was left: {group['reason']}"
    for run in books.kills:
        if run["status"] in ("PENDING", "RUNNING"):
            yield f"{run['command']} {run['id']} is still {run['status']}"


def _orders_differ(books: Books, link: Mapping[str, Any], ledger: Ledger) -> Iterator[str]:
    where = link["venue"]
    ours = {o["client_order_id"]: o for o in books.orders if o["connection_id"] == link["id"]}
    theirs = Counter(order["client_order_id"] for order in ledger["orders"])
    yield from (
        f"{where} has the order {n} {count} times" for n, count in theirs.items() if count > 1
    )
    yield from (f"{where} has an order {n} that is not ours" for n in theirs if n not in ours)
    told = {order["client_order_id"]: order for order in ledger["orders"]}
    for number, order in ours.items():
        there = told.get(number)
        executed = ZERO if there is None else Decimal(there["executed"])
        if executed != order["filled"]:
            yield f"{number}: {where} executed {executed}, we say {order['filled']}"
        if there is None:
            if order["status"] == "FILLED" or (order["status"] == "CANCELLED" and order["sent"]):
                yield f"{number} is {order['status']} with us and unknown at {where}"
            continue
        yield from _order_differs(order, there, where)


def _order_differs(order: Mapping[str, Any], there: Mapping[str, Any], where: str) -> Iterator[str]:
    """One order that both know."""
    number = order["client_order_id"]
    if there["status"] in ("NEW", "PARTIALLY_FILLED"):
        yield f"{number} is still open at {where}"
    if order["status"] in ("REJECTED", "PLANNED", "DENIED") or not order["sent"]:
        yield f"{where} has {number}, which is {order['status']} with us ({order['reason']})"
    if (there["symbol"], there["side"].lower()) != (order["symbol"], order["side"]):
        yield f"{number} is another order at {where}: {there['side']} {there['symbol']}"
    if Decimal(there["quantity"]) != order["quantity"]:
        yield f"{number}: {where} has {there['quantity']}, we ordered {order['quantity']}"


def _fills_differ(books: Books, link: Mapping[str, Any], ledger: Ledger) -> Iterator[str]:
    """Every execution once on both sides, equal in every figure."""
    where = link["venue"]
    client_ids = {order["id"]: order["client_order_id"] for order in books.orders}
    their_ids = {order["order_id"]: order["client_order_id"] for order in ledger["orders"]}
    ours = Counter(
        (
            fill["venue_trade_id"], client_ids[fill["order_id"]], fill["symbol"], fill["side"],
            fill["quantity"], fill["price"], fill["fee"], fill["fee_asset"],
        )
        for fill in books.fills
        if fill["connection_id"] == link["id"]
    )  # fmt: skip
    theirs = Counter(
        (
            str(fill["trade_id"]), their_ids.get(fill["order_id"]), fill["symbol"],
            fill["side"].lower(), Decimal(fill["quantity"]), Decimal(fill["price"]),
            Decimal(fill["fee"]), fill["fee_asset"],
        )
        for fill in ledger["fills"]
    )  # fmt: skip
    for fill in (theirs - ours).elements():
        yield f"{where} executed {_said(fill)}: not booked so by us"
    for fill in (ours - theirs).elements():
        yield f"we booked {_said(fill)}: {where} knows no such execution"


def _balances_differ(books: Books, link: Mapping[str, Any], ledger: Ledger) -> Iterator[str]:
    """The venue's balances equal what was paid in plus what our own fills did to them."""
    due: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fact in ledger["adjustments"]:
        due[fact["asset"]] += Decimal(fact["amount"])
    for fill in books.fills:
        if fill["connection_id"] != link["id"] or fill["price"] is None or fill["fee"] is None:
            continue
        base, _, quote = fill["symbol"].partition("/")
        sign = 1 if fill["side"] == "buy" else -1
        due[base] += sign * fill["quantity"]
        due[quote] -= sign * fill["quantity"] * fill["price"]
        due[fill["fee_asset"]] -= fill["fee"]
    for asset in sorted(due.keys() | ledger["balances"].keys()):
        held = ledger["balances"].get(asset, {"free": "0", "locked": "0"})
        if Decimal(held["locked"]):
            yield f"{link['venue']} still locks {held['locked']} {asset}"
        there = Decimal(held["free"]) + Decimal(held["locked"])
        if there != due[asset]:
            yield f"{link['venue']} holds {there} {asset}, by our fills it is {due[asset]}"


def _sums_differ(books: Books) -> Iterator[str]:
    """Orders are the sum of their fills, plans of their orders, profits of their parts."""
    filled: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for fill in books.fills:
        filled[fill["order_id"]] += fill["quantity"]
    net: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for order in books.orders:
        if order["filled"] != filled[order["id"]]:
            yield f"order {order['id']} says {order['filled']}, its fills {filled[order['id']]}"
        if order["filled"] > order["quantity"]:
            yield f"order {order['id']} is filled beyond its quantity"
        if order["plan_id"] is not None:
            net[order["plan_id"]] += filled[order["id"]] * (1 if order["side"] == "buy" else -1)
    for plan in books.plans:
        if plan["status"] in OVER and net[plan["id"]] != plan["residual"]:
            yield f"plan {plan['id']} is off by {net[plan['id']]}, it says {plan['residual']}"
    yield from _profits_differ(books)


def _profits_differ(books: Books) -> Iterator[str]:
    """Of plans in balance, profit is exactly what the fills moved; a fee in base at its price."""
    plan_of = {order["id"]: order["plan_id"] for order in books.orders}
    moved: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    elsewhere: set[int] = set()
    for fill in books.fills:
        plan_id = plan_of[fill["order_id"]]
        if plan_id is None:
            continue
        base, _, quote = fill["symbol"].partition("/")
        price, fee = fill["price"], fill["fee"]
        if price is None or fee is None or (fee and fill["fee_asset"] not in (base, quote)):
            elsewhere.add(plan_id)
            continue
        sign = 1 if fill["side"] == "sell" else -1
        cost = fee * price if fill["fee_asset"] == base else fee
        moved[plan_id] += sign * fill["quantity"] * price - cost
    for plan in books.plans:
        if plan["status"] not in OVER or plan["residual"] or plan["id"] in elsewhere:
            continue
        if plan["pnl"] is not None and plan["pnl"] != moved[plan["id"]]:
            yield f"plan {plan['id']} booked {plan['pnl']}, its fills moved {moved[plan['id']]}"


def _said(values: Iterable[Any]) -> str:
    return " ".join(str(value) for value in values)
