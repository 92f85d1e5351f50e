from __future__ import annotations

from django.urls import path, re_path

from apps.trading.web import alignment, kill, orders, plans, risk, ticket, trades, views

urlpatterns = [
    path("bots/", views.bot_list, name="bot-list"),
    path("bots/new/", views.bot_create, name="bot-create"),
    path("bots/preview/", views.bot_preview, name="bot-preview"),
    path("bots/<int:bot_id>/", views.bot_detail, name="bot-detail"),
    path("bots/<int:bot_id>/edit/", views.bot_edit, name="bot-edit"),
    path("bots/<int:bot_id>/start/", views.bot_start, name="bot-start"),
    path("bots/<int:bot_id>/stop/", views.bot_stop, name="bot-stop"),
    path("bots/<int:bot_id>/delete/", views.bot_delete, name="bot-delete"),
    path("bots/<int:bot_id>/chart.json", views.bot_chart, name="bot-chart"),
    re_path(
        r"^bots/(?P<bot_id>\d+)/(?P<tab>trades|positions|decisions|settings)/$",
        views.bot_detail,
        name="bot-tab",
    ),
    path("plans/<int:plan_id>/unwind/", plans.plan_unwind, name="plan-unwind"),
    path("plans/<int:plan_id>/acknowledge/", plans.plan_acknowledge, name="plan-acknowledge"),
    path("trade/", ticket.ticket, name="ticket"),
    path("trade/preview/", ticket.ticket_preview, name="ticket-preview"),
    path("trade/send/", ticket.ticket_send, name="ticket-send"),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/cancel/", orders.order_cancel_all, name="order-cancel-all"),
    path("orders/<int:order_id>/", orders.order_detail, name="order-detail"),
    path("orders/<int:order_id>/cancel/", orders.order_cancel, name="order-cancel"),
    path(
        "orders/groups/<int:group_id>/cancel/",
        orders.order_group_cancel,
        name="order-group-cancel",
    ),
    path("trades/", trades.trade_list, name="trade-list"),
    path("trades.csv", trades.trade_csv, name="trade-csv"),
    path("risk/", risk.risk, name="risk"),
    path("risk/limits/", risk.risk_limits, name="risk-limits"),
    path("risk/reducing/", risk.risk_reducing, name="risk-reducing"),
    path("risk/decisions/<int:decision_id>/", risk.risk_decision, name="risk-decision"),
    path("stop/", kill.stop, name="stop"),
    path("stop/resume/", kill.stop_release, name="stop-release"),
    path("stop/<int:run_id>/", kill.stop_run, name="stop-run"),
    path("stop/<int:run_id>/report.json", kill.stop_report, name="stop-report"),
    path(
        "connections/<int:connection_id>/alignment/",
        alignment.connection_alignment,
        name="connection-alignment",
    ),
    path(
        "connections/<int:connection_id>/compare/",
        alignment.connection_compare,
        name="connection-compare",
    ),
    path("staff/alignment/", alignment.staff_alignment, name="staff-alignment"),
    path("halt/", views.trading_halt, name="halt"),
    path("resume/", views.trading_resume, name="halt-release"),
]
