"""Samples of pages that keep exposure in sight: limits, agreement, real money, security."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D
from types import SimpleNamespace as Bag
from typing import Any

from django import forms
from django.core.paginator import Paginator

AT = datetime(2026, 11, 21, 12, 30, 15, tzinfo=UTC)
BOT = Bag(pk=1, name="Majors across two venues", status="STOPPED", mode="LIVE")


class Code(forms.Form):
    code = forms.CharField(label="Code")
    password = forms.CharField(widget=forms.PasswordInput, required=False)


class Unlock(forms.Form):
    typed_name = forms.CharField(label="Its name, typed")
    code = forms.CharField(label="Code of your authenticator app")


class Limits(forms.Form):
    max_order_value = forms.CharField(label="Largest order", required=False, help_text="At most.")


class Copy(forms.Form):
    name = forms.CharField()
    venues = forms.MultipleChoiceField(
        choices=[("1", "Kraken"), ("2", "Binance")], widget=forms.CheckboxSelectMultiple
    )


def alignment(status: str, number: int = 1) -> Bag:
    """A connection as the comparison left it."""
    differs = Bag(
        text="The venue holds 0.2 BTC less than our books say.",
        advice="Look at the exchange: somebody may have moved it.",
        code="BALANCE_DIFFERS",
        at=AT,
    )
    return Bag(
        connection_id=number,
        workspace_id=7,
        label="Alpha, main account",
        venue_label="Practice Alpha",
        status=status,
        agrees=status == "ALIGNED",
        stands="Orders, executions and balances agree with the venue.",
        checked_at=None if status == "UNKNOWN" else AT,
        aligned_at=AT,
        problems=[] if status in {"ALIGNED", "CHECKING"} else [differs],
        notes=[differs] if status == "ALIGNED" else [],
    )


def _answer(**more: Any) -> Bag:
    rule = {
        "rule": "notional",
        "label": "Size of the order",
        "verdict": "REFUSED",
        "code": "NOTIONAL_TOO_HIGH",
        "text": "refused: 37,161.51 is above the limit 25,000 per trade",
        "actual": "37,161.51",
        "limit": "25,000",
        "scope": "WORKSPACE",
        "scope_text": "your own limit",
    }
    figureless = {"actual": "", "limit": "", "scope_text": "", "text": "", "code": ""}
    answer = {
        "pk": 9,
        "at": AT,
        "allowed": False,
        "symbol": "BTC/USDT",
        "side": "buy",
        "quantity": D("0.6"),
        "bot_id": None,
        "bot_name": "",
        "rules": [
            Bag(**rule),
            Bag(**(rule | figureless | {"verdict": "PASSED"})),
            Bag(**(rule | {"verdict": "NOTED"})),
        ],
    }
    return Bag(**(rule | answer | more))


def _risk() -> dict[str, Any]:
    limit = {
        "name": "max_exposure",
        "label": "Largest exposure",
        "value": "100,000",
        "unit": "USD",
        "scope": "WORKSPACE",
        "scope_text": "your own limit",
        "used": "82,300.5",
        "share": 82,
        "tone": "caution",
    }
    states = [
        Bag(bot_id=None, name="", state="ACTIVE", reason=""),
        Bag(bot_id=1, name=BOT.name, state="REDUCING", reason="reduced: no live prices for 60 s"),
        Bag(bot_id=2, name="Small caps", state="HALTED", reason=""),
    ]
    return {
        "states": states,
        "limits": [limit, limit | {"name": "max_leverage", "used": None, "share": None}],
        "form": Limits(),
        "editing": False,
        "confirm": None,
        "page": Paginator([_answer(), _answer(bot_id=1, bot_name=BOT.name, side="")], 20).page(1),
        "query": "",
    }


def _live(**more: Any) -> dict[str, Any]:
    return {
        "target": Bag(name=BOT.name, bot=BOT),
        "unlocked": False,
        "since": None,
        "why": "It was never unlocked.",
        "conditions": [
            {"met": True, "text": "A second factor guards your account.", "remedy": "", "url": ""},
            {"met": False, "text": "Limits are set.", "remedy": "Set them", "url": "/risk/"},
        ],
        "ready": False,
        "limits": [{"label": "Largest order", "value": "25,000 USD"}],
        "form": Unlock(),
        "lock_url": "/sample/lock/",
        "back_url": "/sample/",
        "start_url": "/sample/start/",
    } | more


def _copy(mode: str, connections: int) -> dict[str, Any]:
    modes = [
        {"url": "?mode=PAPER", "label": "Paper", "current": mode == "PAPER"},
        {"url": "?mode=LIVE", "label": "Real money", "current": mode == "LIVE"},
    ]
    links = [Bag(pk=number) for number in range(connections)]
    return {"bot": BOT, "mode": mode, "modes": modes, "form": Copy(), "connections": links}


def _drift() -> dict[str, Any]:
    row = {"label": "Fees", "paper": "0.055 %", "live": "0.061 %", "change": "+0.006 %"}
    pair = {
        "paper": Bag(bot_id=1, name="Majors", trades=4),
        "live": Bag(bot_id=2, name="Majors (real money)", trades=2),
        "since": AT,
        "enough": False,
        "rows": [row, row | {"change": ""}],
    }
    lines = [("Expected per trade", "0.137 %")]
    return {
        "drift": {"enough": False, "trades": 2, "lines": lines},
        "drift_pairs": [pair],
        "drift_least": 20,
    }


def _notices() -> dict[str, Any]:
    notice = {
        "symbol": "BTC/USDT",
        "waiting": True,
        "at": AT,
        "plan_id": 7,
        "order_id": None,
        "left": [("BTC", D("0.2"))],
        "texts": ["The venue filled more than was asked."],
        "max_loss": "1",
    }
    book = notice | {"waiting": False, "plan_id": None, "order_id": 3, "left": []}
    return {
        "notices": [Bag(**notice), Bag(**book)],
        "pauses": [Bag(symbol="ETH/USDT", count=3, until=AT)],
        "back": "trades",
    }


def _bot_alignment() -> dict[str, Any]:
    restart = {"outcome": "WAITING", "text": "It was restarted.", "at": AT, "found": [],
               "done_at": AT, "policy": "RESUME"}  # fmt: skip
    every = ("ALIGNED", "CHECKING", "UNALIGNED", "UNKNOWN")
    return {
        "bot": Bag(pk=1, status="RUNNING"),
        "alignments": [alignment(status, number) for number, status in enumerate(every, 1)],
        "restarts": [Bag(**restart), Bag(**(restart | {"found": ["one order was adopted"]}))],
    }


def safety_pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """{name: (template, context)}."""
    secured = {"enrolled_at": AT, "codes_left": 2, "form": Code()}
    secret = {"form": Code({"code": ""}), "secret": "GEZD GNBV", "picture": "data:image/svg+xml,"}
    every = ("ALIGNED", "CHECKING", "UNALIGNED", "UNKNOWN")
    staff = [alignment(status, number) for number, status in enumerate(every, 1)]
    asking = {"form": Limits({"max_order_value": "9"}), "editing": True, "confirm": ["Largest"]}
    return {
        "security": ("accounts/security.html", secured),
        "security-off": ("accounts/security.html", secured | {"enrolled_at": None}),
        "second-factor-enrol": ("accounts/second_factor_enrol.html", secret),
        "recovery-codes": ("accounts/recovery_codes.html", {"codes": ["a1b2c3d4"] * 10}),
        "sign-in-second": ("accounts/sign_in_second.html", {"form": Code(), "next": ""}),
        "risk": ("trading/risk.html", _risk()),
        "risk-asking": ("trading/risk.html", _risk() | asking),
        "risk-none": ("trading/risk.html", _risk() | {"page": Paginator([], 20).page(1)}),
        "risk-decision": ("trading/risk_decision.html", {"answer": _answer()}),
        "risk-decision-allowed": (
            "trading/risk_decision.html",
            {"answer": _answer(allowed=True, rules=[], bot_id=1, bot_name=BOT.name)},
        ),
        **{
            f"alignment-{status.lower()}": (
                "trading/alignment.html",
                {"alignment": alignment(status)},
            )
            for status in every
        },
        "alignment-staff": ("trading/alignment_staff.html", {"alignments": staff}),
        "alignment-staff-none": ("trading/alignment_staff.html", {"alignments": []}),
        "bot-alignment": ("trading/bot_alignment.html", _bot_alignment()),
        "bot-copy": ("trading/bot_copy.html", _copy("PAPER", 2)),
        "bot-copy-lacking": ("trading/bot_copy.html", _copy("LIVE", 0)),
        "live": ("trading/live.html", _live()),
        "live-ready": ("trading/live.html", _live(ready=True, form=Unlock({"code": ""}))),
        "live-unlocked": ("trading/live.html", _live(unlocked=True, since=AT)),
        "drift": ("trading/drift.html", _drift()),
        "plan-notices": ("trading/plan_notices.html", _notices()),
    }


SAMPLES = tuple(safety_pages())
