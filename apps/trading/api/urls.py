from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from apps.trading.api import (
    account,
    alignment,
    bots,
    drift,
    kill,
    live,
    orders,
    risk,
    tickets,
)


class IdConverter(IntConverter):
    """A number that a primary key can be: a longer one is no address, not a database error."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")

urlpatterns = [
    path("bots", bots.BotListApi.as_view(), name="api-bot-list"),
    path("bots/<id:bot_id>", bots.BotApi.as_view(), name="api-bot"),
    path("bots/<id:bot_id>/start", bots.BotStartApi.as_view(), name="api-bot-start"),
    path("bots/<id:bot_id>/stop", bots.BotStopApi.as_view(), name="api-bot-stop"),
    path("bots/<id:bot_id>/decisions", bots.BotDecisionsApi.as_view(), name="api-bot-decisions"),
    path("bots/<id:bot_id>/positions", bots.BotPositionsApi.as_view(), name="api-bot-positions"),
    path(
        "bots/<id:bot_id>/performance",
        bots.BotPerformanceApi.as_view(),
        name="api-bot-performance",
    ),
    path("bots/<id:bot_id>/copy", live.BotCopyApi.as_view(), name="api-bot-copy"),
    path("bots/<id:bot_id>/live", live.BotLiveApi.as_view(), name="api-bot-live"),
    path("bots/<id:bot_id>/drift", drift.BotDriftApi.as_view(), name="api-bot-drift"),
    path("keys/<id:key_id>/live", live.KeyLiveApi.as_view(), name="api-key-live"),
    path("strategies", bots.StrategyListApi.as_view(), name="api-strategy-list"),
    path("arb/jobs", account.ArbJobListApi.as_view(), name="api-arb-job-list"),
    path("arb/jobs/<id:job_id>", account.ArbJobApi.as_view(), name="api-arb-job"),
    path("orders", tickets.OrdersApi.as_view(), name="api-order-list"),
    path("orders/history", orders.OrderHistoryApi.as_view(), name="api-order-history"),
    path("orders/<id:order_id>", tickets.OrderOneApi.as_view(), name="api-order"),
    path("orders/<id:order_id>/cancel", tickets.OrderCancelApi.as_view(), name="api-order-cancel"),
    path("order-groups", tickets.OrderGroupListApi.as_view(), name="api-order-group-list"),
    path("order-groups/<id:group_id>", tickets.OrderGroupApi.as_view(), name="api-order-group"),
    path(
        "order-groups/<id:group_id>/cancel",
        tickets.OrderGroupCancelApi.as_view(),
        name="api-order-group-cancel",
    ),
    path("plans", orders.PlanListApi.as_view(), name="api-plan-list"),
    path("plans/<id:plan_id>", orders.PlanApi.as_view(), name="api-plan"),
    path("plans/<id:plan_id>/unwind", orders.PlanUnwindApi.as_view(), name="api-plan-unwind"),
    path(
        "plans/<id:plan_id>/acknowledge",
        orders.PlanAcknowledgeApi.as_view(),
        name="api-plan-acknowledge",
    ),
    path(
        "keys/<id:key_id>/alignment",
        alignment.KeyAlignmentApi.as_view(),
        name="api-key-alignment",
    ),
    path(
        "keys/<id:key_id>/reconcile",
        alignment.KeyReconcileApi.as_view(),
        name="api-key-reconcile",
    ),
    path("trades", orders.TradeListApi.as_view(), name="api-trade-list"),
    path("trades.csv", orders.TradeCsvApi.as_view(), name="api-trade-csv"),
    path("risk/limits", risk.RiskLimitsApi.as_view(), name="api-risk-limits"),
    path("risk/decisions", risk.RiskDecisionListApi.as_view(), name="api-risk-decision-list"),
    path(
        "risk/decisions/<id:decision_id>", risk.RiskDecisionApi.as_view(), name="api-risk-decision"
    ),
    path("kill", kill.KillListApi.as_view(), name="api-kill-list"),
    path("kill/<id:run_id>", kill.KillApi.as_view(), name="api-kill"),
    path("halt", account.HaltApi.as_view(), name="api-halt"),
    path("resume", account.ResumeApi.as_view(), name="api-resume"),
    path("dashboard", account.DashboardApi.as_view(), name="api-dashboard"),
]
