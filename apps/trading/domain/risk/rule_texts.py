"""What each rule asks, in a few words for people."""

from __future__ import annotations

from apps.core.domain.errors import gettext_noop

_ = gettext_noop
RULE_TEXTS: dict[str, str] = {
    "kill_switch": _("Trading is not halted"),
    "bot_running": _("The bot is running"),
    "fencing": _("One engine alone runs the bot"),
    "connections": _("The connections are active and belong together"),
    "live_locked": _("Real money is unlocked"),
    "alignment": _("Our books and the exchange's agree"),
    "legs": _("The legs of the trade fit each other"),
    "sizes": _("The size is one that the exchange takes"),
    "reduce_only": _("An order that reduces does not open"),
    "stale_book": _("The prices are fresh"),
    "notional": _("Size of the order"),
    "price_deviation": _("Price beside other markets"),
    "slippage": _("Distance from the best price"),
    "leverage": _("Leverage"),
    "liquidation": _("Distance to liquidation"),
    "open_plans": _("Open trades"),
    "plans_per_hour": _("Trades in the last hour"),
    "plans_per_day": _("Trades in the last 24 hours"),
    "open_orders": _("Open orders"),
    "order_rate": _("Orders in the last minute"),
    "position": _("Size of the position"),
    "positions": _("Number of positions"),
    "exposure": _("Positions and open orders together"),
    "daily_loss": _("Loss of the last 24 hours"),
    "drawdown": _("Loss from the best result"),
    "loss_streak": _("Losing trades in a row"),
    "error_burst": _("Failed orders"),
    "cooldown": _("Pause after a failed trade"),
    "churn": _("Failed trades of this pair"),
    "capital_cap": gettext_noop("Within the bot's own capital"),
    "capital": _("Free capital after reservations"),
}
