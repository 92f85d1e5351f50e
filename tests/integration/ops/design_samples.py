"""Sample contexts of every page template, in the shapes that their comments promise."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D
from types import SimpleNamespace as Bag
from typing import Any

from django import forms
from django.core.paginator import Paginator

from tests.integration.ops.design_samples_safety import safety_pages

AT = datetime(2026, 11, 21, 12, 30, 15, tzinfo=UTC)
HISTORY = "/sample/chart/"

SHELL = {
    "mode": "PAPER",
    "market_source": "simulated",
    "halted": False,
    "workspace_name": "Personal",
    "plan_name": "Pro",
}


class SignIn(forms.Form):
    email = forms.EmailField()
    password = forms.CharField(widget=forms.PasswordInput)


class TradeFilter(forms.Form):
    start = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    end = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}))
    venue = forms.ChoiceField(required=False, choices=[("", "All"), ("practice.alpha", "Alpha")])
    symbol = forms.CharField(required=False, label="Pair")
    bot = forms.ChoiceField(required=False, choices=[("", "All"), ("1", "Majors")])
    side = forms.ChoiceField(required=False, choices=[("", "Both"), ("BUY", "Buy")])


class BotForm(forms.Form):
    name = forms.CharField(max_length=40, initial="Majors across two venues")
    pairs = forms.MultipleChoiceField(
        choices=[(pair, pair) for pair in ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")],
        widget=forms.CheckboxSelectMultiple,
        help_text="The bot watches these pairs at every venue you choose.",
    )
    venues = forms.MultipleChoiceField(
        choices=[("alpha", "Practice Alpha"), ("beta", "Practice Beta")],
        widget=forms.CheckboxSelectMultiple,
    )
    threshold = forms.DecimalField(help_text="Trades only when the net spread is at least this.")
    notional = forms.DecimalField(label="Size of a trade", help_text="Per leg, before fees.")
    max_slippage = forms.DecimalField(label="Slippage at most", required=False)
    unwind = forms.BooleanField(label="Unwind at once when one leg fails", required=False)


class ConnectionForm(forms.Form):
    name = forms.CharField(help_text="To tell it apart from your other connections.")
    api_key = forms.CharField(label="API key")
    secret = forms.CharField(widget=forms.PasswordInput)


def _bot_form(data: dict[str, Any] | None) -> forms.Form:
    form = BotForm(data)
    for name, unit in {"threshold": "%", "notional": "USDT", "max_slippage": "%"}.items():
        form.fields[name].unit = unit  # type: ignore[attr-defined]
    for name in ("name", "pairs", "venues"):
        form.fields[name].wide = True  # type: ignore[attr-defined]
    return form


def _trades() -> list[Bag]:
    rows = [
        ("BTC/USDT", "BUY", "Practice Alpha", "0.0312", "64210.5", "64210.4", "2.0034", None),
        ("BTC/USDT", "SELL", "Practice Beta", "0.0312", "64388.1", "64388.0", "2.0089", "1.53"),
        ("ETH/USDT", "BUY", "Practice Beta", "0.75", "3120.44", "3120.4", "2.3403", None),
        ("ETH/USDT", "SELL", "Practice Alpha", "0.75", "3118.02", "3118.0", "2.3385", "-6.49"),
    ]
    return [
        Bag(
            pk=41 - number,
            at=AT,
            bot_id=1,
            bot_name="Majors across two venues",
            symbol=symbol,
            side=side,
            venue_label=venue,
            quantity=D(quantity),
            base=symbol.split("/")[0],
            price=D(price),
            quote="USDT",
            value=D(quantity) * D(price),
            fee=D(fee),
            fee_asset="USDT",
            profit=D(profit) if profit else None,
            plan_id=7,
        )
        for number, (symbol, side, venue, quantity, price, _, fee, profit) in enumerate(rows * 3)
    ]


def _orders() -> list[Bag]:
    """An order that rests at the exchange and a stop that waits here without a live price."""
    boring = {
        "symbol": "BTC/USDT", "side": "sell", "quantity": D("0.5"), "filled": D("0.1"),
        "limit_price": D(64000), "trigger_price": None, "trail": None, "trail_best": None,
        "status": "PARTIALLY_FILLED", "kind": "limit", "origin": "MANUAL", "warning": "",
        "group_role": "TAKE_PROFIT", "triggered_at": None, "cancel_requested_at": None,
        "closed_at": None, "placed_at": AT, "expires_at": None, "client_order_id": "c1",
        "venue_order_id": "v1", "time_in_force": "GTC", "reduce_only": False, "reason": "",
        "max_slippage": None, "round_trip_us": 900, "cancel_reason": "",
    }  # fmt: skip
    stop = {
        "pk": 2, "kind": "stop", "status": "ARMED", "limit_price": None, "filled": D(0),
        "trigger_price": D(58000), "group_role": "STOP_LOSS", "warning": "BOOK_STALE",
    }  # fmt: skip
    return [
        Bag(
            pk=order["pk"], order=Bag(**order), venue_label="Practice Alpha", base="BTC",
            quote="USDT", place=place, can_cancel=True, live=True, attention=False,
        )
        for order, place in ((boring | {"pk": 1}, "VENUE"), (boring | stop, "ENGINE"))
    ]  # fmt: skip


def _groups() -> list[Bag]:
    group = {
        "symbol": "BTC/USDT", "kind": "BRACKET", "quantity": D("0.5"), "base": "BTC",
        "next_at": None, "side": "buy", "connection_id": 1,
    }  # fmt: skip
    return [
        Bag(pk=1, status="NEEDS_ATTENTION", **group),
        Bag(pk=2, status="ACTIVE", **group),
    ]


def _ticket() -> forms.Form:
    from apps.trading.web.ticket_form import TicketForm

    return TicketForm(connections=[Bag(pk=1, label="Practice Alpha")])


def _order_summary() -> dict[str, Any]:
    wish = Bag(limit_price=D(60000))
    return {
        "estimate": Bag(
            side="buy", quantity=D("0.5"), price=D(60000), worst=D(60300), value=D(30000),
            fee=D(15), slippage=D("0.0001"), total=D(30015), place="ENGINE", thin=True,
        ),
        "place": "in CRYONEL",
        "ticket": Bag(
            kind="limit", wish=wish, profit_price=D(64000), stop_trigger=D(58000),
            stop_limit=None, stop_trail=None, slices=None, has_exits=True,
        ),
        "intent": Bag(
            side="buy", quantity=D("0.5"), trigger_price=None, trail=None, expires_at=None,
            reduce_only=False, connection_id=1,
        ),
        "terms": Bag(symbol="BTC/USDT", base="BTC", quote="USDT"),
        "link": Bag(label="Practice Alpha", mode="PAPER"),
    }  # fmt: skip


def _bots() -> list[Bag]:
    return [
        Bag(
            pk=1,
            name="Majors across two venues",
            status="RUNNING",
            strategy="CEX arbitrage",
            mode="PAPER",
            pairs="BTC/USDT, ETH/USDT, SOL/USDT",
            venues="Practice Alpha, Practice Beta",
            pnl=D("128.4412"),
            quote="USDT",
            trades_count=312,
            notional=D(2000),
            last_decision="Skipped: net 0.08 % below threshold 0.15 %",
            problem="",
        ),
        Bag(
            pk=2,
            name="Small caps",
            status="STOPPED",
            strategy="CEX arbitrage",
            mode="PAPER",
            pairs="XRP/USDT",
            venues="Practice Alpha, Practice Gamma",
            pnl=D("-3.02"),
            quote="USDT",
            trades_count=1,
            notional=D(500),
            last_decision="",
            problem=Bag(message="The book of Practice Gamma is older than 10 s."),
        ),
    ]


def _spread(pair: str, buy: str, sell: str, net: str | None) -> Bag:
    fraction = D(net) if net else None
    return Bag(
        key=f"{pair}|practice.{buy.lower()}|practice.{sell.lower()}",
        symbol=pair,
        buy_venue=f"practice.{buy.lower()}",
        sell_venue=f"practice.{sell.lower()}",
        buy_label=f"Practice {buy}",
        sell_label=f"Practice {sell}",
        gross=str(fraction + D("0.00231")) if fraction else None,
        fees="0.002" if fraction else None,
        slippage="0.00031" if fraction else None,
        net=str(fraction) if fraction else None,
        notional="1000.00" if fraction else None,
        quote="USDT",
        at=1795264215000 if fraction else None,
        state="ok" if fraction else "missing",
        reason="" if fraction else f"Practice {sell} has not sent its book yet",
    )


def _book(venue: str, label: str, middle: str) -> dict[str, Any]:
    mid = D(middle)
    sizes = ["0.41", "1.2", "0.07", "2.9", "3.3", "0.9", "5.1", "4.4"]
    steps = [D("0.5") * (number + 1) for number in range(len(sizes))]
    return {
        "venue": venue,
        "label": label,
        "state": "ok",
        "reason": "",
        "at": 1795264215000,
        "asks": [[str(mid + step), size] for step, size in zip(steps, sizes, strict=True)],
        "bids": [[str(mid - step), size] for step, size in zip(steps, sizes, strict=True)],
    }


def _rights() -> list[Bag]:
    return [
        Bag(label="Read", granted=True, proof="PROBE"),
        Bag(label="Trade", granted=True, proof="STRUCTURAL"),
        Bag(label="Futures", granted=True, proof="NONE"),
        Bag(label="Withdraw", granted=False, proof="PROBE"),
    ]


def _connection() -> Bag:
    return Bag(
        pk=3,
        name="Alpha, main account",
        venue_label="Practice Alpha",
        mode="PAPER",
        status="ACTIVE",
        key_hint="9f3c",
        created_at=AT,
        last_used_at=AT,
        checked_at=AT,
        expires_at=None,
        ip_allow_list=[],
        rights=_rights(),
        fees=Bag(maker=(D("0.0008"), D("0.001")), taker=(D("0.001"), D("0.001"))),
        problem="",
        is_practice=True,
        bots=[Bag(pk=1, name="Majors across two venues")],
    )


def _stops() -> dict[str, tuple[str, dict[str, Any]]]:
    """The page of stop commands; one at work, one done and one that needs a person."""
    run = {
        "pk": 7,
        "url": "/stop/7/",
        "command": "FLATTEN",
        "scope": "WORKSPACE",
        "bot": None,
        "bot_id": None,
        "origin": "by hand",
        "rule": "",
        "reason": "",
        "status": "DONE",
        "requested_at": AT,
        "finished_at": AT,
        "report_hash": "2dc0757a0fcd64bc8b6aaafac807e33b9e84f28f085cadf4fead58eb72842c57",
        "instant": False,
    }
    position = {
        "asset": "BTC",
        "quote": "USDT",
        "before": D("0.04999"),
        "after": D("0.00001"),
        "realised": D("-1.23"),
        "text": "less than the venue takes is left",
        "left_value": D("0.61"),
    }
    order = {
        "symbol": "BTC/USDT",
        "venue_label": "Practice Alpha",
        "side": "sell",
        "quantity": D("0.04998"),
        "filled": D("0.04998"),
        "status": "FILLED",
    }
    left = {"amount": D(3), "asset": "ETH", "text": "the venue did not answer", "value": None}
    part = {
        "positions": [position],
        "orders": [order],
        "external_orders_left_alone": [{}],
        "left_orders": [],
        "left_plans": [],
        "left_positions": [],
        "balances_explained": True,
        "connections_without_answer": {},
    }
    stuck = part | {
        "left_positions": [left],
        "left_orders": ["c7f3k2m9q4w8x1z5b6n0p2r7"],
        "left_plans": [4],
        "connections_without_answer": {"2": "VEN-0102"},
    }
    rule = "stopped: 10 orders were refused or unanswered within 60 s, the limit is 10"
    bot = Bag(pk=3, name="Majors")
    steps = [{"at": AT, "text": "The guard began its work."}]
    page = Paginator([run, run | {"bot": bot, "bot_id": 3, "rule": rule}], 25).page(1)
    state = Bag(halted=True, reducing=False, everybody=True)
    shared = {"steps": steps, "may_resume": True}
    return {
        "stop": ("trading/stop.html", {"page": page, "query": "", "state": state, "staff": True}),
        "stop-none": (
            "trading/stop.html",
            {"page": Paginator([], 25).page(1), "query": "", "state": state, "staff": False},
        ),
        "stop-done": (
            "trading/stop_run.html",
            shared | {"run": run, "parts": [part], "running": False},
        ),
        "stop-at-work": (
            "trading/stop_run.html",
            shared
            | {"run": run | {"status": "RUNNING", "report_hash": ""}, "parts": [], "running": True},
        ),
        "stop-stuck": (
            "trading/stop_run.html",
            shared
            | {
                "run": run | {"status": "ATTENTION", "bot": bot, "bot_id": 3, "rule": rule},
                "parts": [stuck],
                "running": False,
            },
        ),
    }


def _bot_page(tab: str) -> dict[str, Any]:
    bot = _bots()[0]
    bot.problem = None
    bot.started_at = AT
    texts = [
        ("SKIPPED", "net 0.08 % below threshold 0.15 %"),
        ("TRADED", "bought 0.0312 at Practice Alpha, sold at Practice Beta, net 0.21 %"),
        ("REFUSED", "RSK-0401: the workspace's exposure would exceed 10,000 USDT"),
        ("FAILED", "VEN-0107: Practice Beta did not answer; the order is being looked up"),
    ]
    decisions = [
        Bag(pk=number, at=AT, verdict=verdict, symbol="BTC/USDT", text=text)
        for number, (verdict, text) in enumerate(texts * 2)
    ]
    names = ["overview", "trades", "positions", "decisions", "settings"]
    return {
        "bot": bot,
        "tab": tab,
        "trading": {"state": "ACTIVE", "reason": "", "at": None},
        "tabs": [
            {"url": f"?tab={name}", "label": name.capitalize(), "current": name == tab, "count": ""}
            for name in names
        ],
        "performance": {
            "pnl": D("128.4412"),
            "today": D("12.1"),
            "trades_count": 312,
            "win_rate": D("0.84"),
            "fees": D("402.11"),
            "slippage": D("61.9"),
            "captured": D("592.45"),
            "reserved": D(8000),
        },
        "chart_url": HISTORY,
        "decisions": decisions,
        "page": Paginator(decisions if tab == "decisions" else _trades(), 8).page(1),
        "query": "",
        "positions": [
            Bag(
                asset=asset,
                venue_label=venue,
                held=D(held),
                reserved=D("0.0312"),
                value=D(value),
                quote="USDT",
                share=D(share) / 100,
                target=D("0.5"),
            )
            for asset, venue, held, value, share in [
                ("BTC", "Practice Alpha", "0.182", "11692.1", 71),
                ("BTC", "Practice Beta", "0.074", "4754.8", 29),
                ("USDT", "Practice Alpha", "2301.11", "2301.11", 22),
                ("USDT", "Practice Beta", "8140.9", "8140.9", 78),
            ]
        ],
        "advice": [
            Bag(
                asset="BTC",
                quantity=D("0.054"),
                from_label="Practice Alpha",
                to_label="Practice Beta",
                value=D("3469.1"),
                quote="USDT",
            )
        ],
        "advised_at": AT,
        "set_aside": [
            Bag(asset="USDT", venue_label="Alpha", amount=D(5000), in_use=D("1200.6")),
            Bag(asset="BTC", venue_label="Beta", amount=D("0.0833"), in_use=D(0)),
        ],
        "settings": [
            {
                "title": "When to trade",
                "lines": [
                    {"label": "Net spread at least", "value": "0.15 %"},
                    {"label": "Size of a trade", "value": "2,000 USDT"},
                ],
            }
        ],
    }


def _connection_form(*, chosen: bool) -> dict[str, Any]:
    venues = [
        {"code": code, "label": label, "kind": kind, "url": f"?venue={code}"}
        for code, label, kind in [
            ("practice.alpha", "Practice Alpha", "Practice exchange"),
            ("binance", "Binance", "Exchange"),
            ("kraken", "Kraken", "Exchange"),
            ("okx", "OKX", "Exchange"),
        ]
    ]
    venue = {
        "code": "kraken",
        "label": "Kraken",
        "needed_rights": ["Query funds and orders", "Create and cancel orders"],
        "refused_rights": ["Withdraw funds: leave this off"],
        "how_to": ["Open Settings, then API.", "Create a key with the rights above."],
        "key_url": "https://www.kraken.com/u/security/api",
        "proof": "NONE",
        "notes": "",
    }
    return {
        "venues": venues,
        "venue": venue if chosen else None,
        "form": ConnectionForm({"name": "Main"}) if chosen else None,
    }


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of the sample -> (template, context); built when asked, since forms need settings."""
    trades = _trades()
    limits = {
        "api_requests_per_hour": 10000,
        "connections": 12,
        "running_bots": 5,
        "pairs_per_bot": 10,
        "live_execution": False,
        "priority_queue": False,
    }
    plans = [
        Bag(name="Free", price=D(0), limits=limits),
        Bag(name="Pro", price=D("19.99"), limits=limits),
    ]
    totals = {
        "plans": 12,
        "count": 1234,
        "volume": D("412345.12"),
        "profit": D("128.44"),
        "captured": D("592.45"),
        "fees": D("402.11"),
        "slippage": D("61.9"),
        "quote": "USDT",
    }
    latency = {
        "tick_to_order": {"p50": D("8.2"), "p99": D("31.4"), "count": 311},
        "round_trip": {"p50": D("42.7"), "p99": D(188), "count": 311},
    }
    dashboard = {
        "equity": {"value": D("41873.22"), "currency": "USDT", "change": D("0.0031")},
        "pnl": {"today": D("12.1"), "total": D("128.44"), "fees": D("402.11"), "trades_today": 24},
        "chart_url": HISTORY,
        "chart_ranges": [
            {"label": label, "url": HISTORY, "current": label == "24 h"}
            for label in ("1 h", "24 h", "7 d")
        ],
        "bots": _bots(),
        "trades": trades[:6],
        "latency": latency,
        "systems": [
            {"label": "Engine", "status": "READY", "note": "14 books, 2 bots"},
            {"label": "Worker", "status": "READY", "note": ""},
            {"label": "Practice Gamma", "status": "DEGRADED", "note": "no book for 11 s"},
        ],
    }
    unwatched = {"rows": [], "problem": "The engine is not running."}
    empty = dashboard | {
        "bots": [],
        "trades": [],
        "latency": {"tick_to_order": {"p50": None}, "round_trip": {"p50": None}},
        "shell": SHELL | {"halted": True, "halted_at": AT, "halt_reason": "Checking a fee change."},
    }
    arbitrage = {
        "rows": [
            _spread(pair, buy, sell, net)
            for pair, buy, sell, net in [
                ("BTC/USDT", "Alpha", "Beta", "0.00212"),
                ("ETH/USDT", "Beta", "Gamma", "0.00041"),
                ("SOL/USDT", "Gamma", "Alpha", "-0.00083"),
                ("BTC/USDT", "Beta", "Alpha", "-0.00412"),
                ("XRP/USDT", "Beta", "Gamma", None),
            ]
        ],
        "venues": [{"code": "practice.alpha", "label": "Practice Alpha"}],
        "channels": "spreads:all",
        "problem": "",
    }
    pair = {
        "pair": {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT"},
        "best": arbitrage["rows"][0],  # type: ignore[index]
        "spread_chart_url": HISTORY,
        "spread_channel": "",
        "books": [
            _book("alpha", "Practice Alpha", "64210.5"),
            _book("beta", "Practice Beta", "64388"),
        ],
    }
    form = _bot_form({"name": "Majors", "threshold": "x"})
    fields = list(form)
    bot_form = {
        "form": form,
        "groups": [
            {"title": "What to trade", "help": "Pairs and venues.", "fields": fields[:3]},
            {"title": "When to trade", "help": "", "fields": fields[3:]},
        ],
        "bot": None,
        "strategies": [],
        "preview_url": "/sample/preview/",
        "preview": {
            "lines": [
                {"label": "Best net spread now", "value": "+0.212 %", "tone": "gain"},
                {"label": "Capital reserved", "value": "4,000 USDT", "tone": ""},
            ],
            "warnings": ["The threshold is below the fees of both legs."],
        },
    }
    problem = {
        "code": "VEN-0107",
        "message": "Practice Beta did not answer in time.",
        "retryable": True,
        "request_id": "5f0c1d2e9a",
    }
    return {
        "landing": ("landing.html", {"plans": plans}),
        "sign-in": ("accounts/sign_in.html", {"form": SignIn(), "next": ""}),
        "sign-in-failed": ("accounts/sign_in.html", {"form": SignIn({"email": "x"}), "next": ""}),
        "sign-in-link": ("accounts/sign_in_link.html", {"token": "t"}),
        "sign-in-link-spent": ("accounts/sign_in_link.html", {"problem": "It was used already."}),
        "dashboard": ("dashboard.html", dashboard),
        "dashboard-empty": ("dashboard.html", empty),
        "arbitrage": ("markets/arbitrage.html", arbitrage),
        "arbitrage-empty": (
            "markets/arbitrage.html",
            arbitrage | unwatched,
        ),
        "pair": ("markets/pair.html", pair),
        "bots": ("trading/bots.html", {"bots": _bots(), "limit": {"used": 1, "allowed": 5}}),
        "bots-empty": ("trading/bots.html", {"bots": [], "limit": {"used": 0, "allowed": None}}),
        "bot-form": ("trading/bot_form.html", bot_form),
        "bot-form-lacking": ("trading/bot_form.html", {"bot": None, "lacking": True}),
        **_stops(),
        **{f"bot-{tab}": ("trading/bot.html", _bot_page(tab)) for tab in TABS},
        "orders": (
            "trading/orders.html",
            {"past": False, "rows": _orders(), "groups": _groups()},
        ),
        "orders-history": (
            "trading/orders.html",
            {
                "past": True,
                "rows": [],
                "groups": [],
                "page": Paginator([], 8).page(1),
                "wanted": {"status": "", "symbol": "", "origin": ""},
                "query": "view=history&",
                "statuses": ["FILLED", "CANCELLED"],
                "origins": ["BOT", "MANUAL"],
            },
        ),
        "order": (
            "trading/order.html",
            {
                "row": _orders()[1],
                "order": _orders()[1].order,
                "story": [
                    Bag(at=AT, code="PLACED", tone="", figures=None),
                    Bag(at=AT, code="SENT", tone="", figures=None),
                ],
                "refusal": "",
                "group": _groups()[1],
                "mates": _orders(),
            },
        ),
        "ticket": (
            "trading/ticket.html",
            {"form": _ticket(), "links": [Bag(pk=1)], "pairs": ["BTC/USDT"], "summary": None},
        ),
        "ticket-check": (
            "trading/ticket.html",
            {
                "form": _ticket(),
                "links": [Bag(pk=1)],
                "pairs": [],
                "summary": _order_summary(),
                "key": "k",
                "filled": [("size", "1")],
            },
        ),
        "trades": (
            "trading/trades.html",
            {
                "form": TradeFilter(),
                "page": Paginator(trades, 8).page(1),
                "totals": totals,
                "totals_by_quote": [totals, totals | {"quote": "BTC", "volume": D("0.02")}],
                "query": "",
                "csv_url": "/sample/trades.csv",
            },
        ),
        "trades-none-fits": (
            "trading/trades.html",
            {
                "form": TradeFilter(),
                "page": Paginator([], 8).page(1),
                "totals": totals | {"captured": D(0)},
                "query": "side=BUY&",
                "csv_url": "/sample/trades.csv",
            },
        ),
        "connections": (
            "venues/connections.html",
            {"connections": [_connection()], "limit": {"used": 1, "allowed": 12}},
        ),
        "connections-empty": (
            "venues/connections.html",
            {"connections": [], "limit": {"used": 0, "allowed": None}},
        ),
        "connection-choice": ("venues/connection_form.html", _connection_form(chosen=False)),
        "connection-form": ("venues/connection_form.html", _connection_form(chosen=True)),
        "connection": (
            "venues/connection.html",
            {
                "connection": _connection(),
                "test": {
                    "ok": True,
                    "at": AT,
                    "latency_ms": D("38.2"),
                    "message": "",
                    "checks": [{"label": "Signature", "ok": True, "note": ""}],
                },
                "balances": [
                    {"asset": "USDT", "free": D("2301.11"), "used": D(0), "total": D("2301.11")}
                ],
            },
        ),
        "problem": ("errors/problem.html", problem),
        "problem-toast": ("errors/problem.html#toast", problem),
        **{f"error-{code}": (f"errors/{code}.html", {}) for code in (403, 404, 500)},
        **safety_pages(),
        "styleguide": ("ui/styleguide.html", {"form": _bot_form({"name": ""})}),
    }


TABS = ("overview", "trades", "positions", "decisions", "settings")
