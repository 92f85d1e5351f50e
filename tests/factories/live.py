"""A desk with real connections on which every condition for real money holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils import timezone

from apps.accounts import second_factor
from apps.billing.services import plan_set
from apps.core.domain.people import Actor
from apps.portfolio.services import balances_record
from apps.trading.services import bots
from apps.trading.services.live import live_unlock
from apps.trading.services.policies import limits_set
from apps.venues.domain.ports import Balance
from tests.factories.accounts import person
from tests.factories.trading import PARAMS, D, aligned, intent
from tests.factories.venues import connection

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's own
RIGHTS = {"proof": "PROBE", "can_read": True, "can_trade": True, "can_withdraw": False}


@dataclass
class LiveDesk:
    actor: Actor
    cheap: Any
    dear: Any
    bot: Any

    def code(self, shift: int = 1) -> str:
        """Of the app; the next half minute's, since enrolling used this one's."""
        step = int(timezone.now().timestamp()) // 30 + shift
        return str(format_hotp_value(hotp_value(SECRET, step)))

    def unlock(self, **more: Any) -> Any:
        asked = {
            "actor": self.actor,
            "bot_id": self.bot.pk,
            "typed_name": self.bot.name,
            "code": self.code(),
            "now": timezone.now(),
        }
        return live_unlock(**(asked | more))

    def unlock_connection(self, **more: Any) -> Any:
        asked = {"bot_id": None, "connection_id": self.cheap.pk, "typed_name": self.cheap.label}
        return self.unlock(**(asked | more))

    def start(self) -> Any:
        self.bot = bots.bot_start(actor=self.actor, bot_id=self.bot.pk, now=timezone.now())
        return self.bot

    def intent(self, **more: Any) -> Any:
        return intent((self.cheap.pk, self.dear.pk), **more)


def live_desk(name: str = "alice") -> LiveDesk:
    actor = person(name).actor
    now = timezone.now()
    plan_set(
        actor=Actor.platform(actor.workspace_id),
        workspace_id=actor.workspace_id,
        plan="power",
        now=now,
    )
    made = [
        connection(actor, venue, mode="LIVE", rights=RIGHTS, label=f"{venue.title()} real")
        for venue in ("binance", "kraken")
    ]
    for each in made:
        balances_record(
            workspace_id=actor.workspace_id,
            connection_id=each.pk,
            balances=[
                Balance(asset="USDT", free=D(10_000), used=D(0)),
                Balance(asset="BTC", free=D(10), used=D(0)),
            ],
            now=now,
        )
    aligned(*made)
    limits_set(
        actor=actor,
        values={"max_order_value": D(5000), "daily_loss": D(300)},
        confirmed=True,
        now=now,
    )
    bot = bots.bot_create(
        actor=actor,
        name="Real spread",
        strategy="arbitrage",
        params=PARAMS,
        connection_ids=[each.pk for each in made],
        mode="LIVE",
        now=now,
    )
    desk = LiveDesk(actor, *made, bot)
    second_factor.second_factor_enrol(actor=actor, secret=SECRET, code=desk.code(0), now=now)
    return desk
