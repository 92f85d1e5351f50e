"""Bots for programs: HTTP in, one service call, HTTP out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.edges import ActorApi
from apps.trading import selectors
from apps.trading.api import shapes
from apps.trading.api.queries import NoQuery, PageQuery, paged
from apps.trading.api.route import StopApi, TradingApi, checked, midnight
from apps.trading.selectors.bots import QuoteSum, bot_problem
from apps.trading.selectors.capital import SetAside, set_aside
from apps.trading.selectors.lists import bot_rows
from apps.trading.services import bots
from apps.trading.strategies.parameters import params_schema
from apps.trading.strategies.registry import STRATEGIES

CONNECTIONS = "venues"  # the parameter that holds connection ids; here it has a field of its own


def bot_shown(bot: Any, sums: Iterable[QuoteSum], kept: Iterable[SetAside]) -> dict[str, Any]:
    venues = list(bot.venues.all())
    return {
        "bot": bot,
        "problem": bot_problem(bot),
        "params": {name: value for name, value in bot.params.items() if name != CONNECTIONS},
        "connection_ids": [each.connection_id for each in venues],
        "venues": [each.venue for each in venues],
        "set_aside": list(kept),
        "pnl": sorted(sums, key=lambda each: -each.trades),
    }


def bots_shown(found: Iterable[Any]) -> list[dict[str, Any]]:
    listed = list(found)
    sums = selectors.pnl_by_bot([bot.pk for bot in listed])
    kept = set_aside([bot.pk for bot in listed])
    return [bot_shown(bot, sums.get(bot.pk, []), kept.get(bot.pk, [])) for bot in listed]


class OneBot(ActorApi):
    def shown(self, bot_id: int, status: int = 200) -> Response:
        bot = selectors.bot_get(reader=self.actor, bot_id=bot_id)
        return Response(shapes.BotOutput(bots_shown([bot])[0]).data, status=status)


class BotListApi(OneBot, TradingApi):
    @extend_schema(operation_id="bot_list", parameters=[PageQuery], responses=shapes.BotListOutput)
    def get(self, request: Request) -> Response:
        found = paged(bot_rows(reader=self.actor), PageQuery.read(request))
        answer = {"items": bots_shown(found.items), "next_cursor": found.next_cursor}
        return Response(shapes.BotListOutput(answer).data)

    @extend_schema(
        operation_id="bot_create", request=shapes.BotInput, responses={201: shapes.BotOutput}
    )
    def post(self, request: Request) -> Response:
        """A stopped bot."""
        return self.once(request, lambda: self._created(request))

    def _created(self, request: Request) -> Response:
        data = checked(shapes.BotInput, request)
        bot = bots.bot_create(actor=self.actor, now=timezone.now(), **data)
        return self.shown(bot.pk, status=201)


class BotApi(OneBot, TradingApi):
    @extend_schema(operation_id="bot_get", responses=shapes.BotOutput)
    def get(self, request: Request, bot_id: int) -> Response:
        NoQuery.read(request)
        return self.shown(bot_id)

    @extend_schema(operation_id="bot_change", request=shapes.BotChange, responses=shapes.BotOutput)
    def patch(self, request: Request, bot_id: int) -> Response:
        """Change a stopped bot."""
        data = checked(shapes.BotChange, request)
        bot = selectors.bot_get(reader=self.actor, bot_id=bot_id)
        bots.bot_update(
            actor=self.actor,
            bot_id=bot_id,
            name=data.get("name", bot.name),
            params={**bot.params, **data.get("params", {})},
            connection_ids=data.get("connection_ids", []),
            on_restart=data.get("on_restart"),
            capital=data.get("capital", ...),
            now=timezone.now(),
        )
        return self.shown(bot_id)

    @extend_schema(operation_id="bot_delete", request=None, responses={204: None})
    def delete(self, request: Request, bot_id: int) -> Response:
        """A stopped bot without open trades disappears; its trades stay."""
        bots.bot_delete(actor=self.actor, bot_id=bot_id, now=timezone.now())
        return Response(status=204)


class BotStartApi(OneBot, TradingApi):
    @extend_schema(operation_id="bot_start", request=None, responses=shapes.BotOutput)
    def post(self, request: Request, bot_id: int) -> Response:
        """Let an engine trade for it. Starting a running bot is success."""

        def handle() -> Response:
            bots.bot_start(actor=self.actor, bot_id=bot_id, now=timezone.now())
            return self.shown(bot_id)

        return self.once(request, handle)


class BotStopApi(OneBot, StopApi):
    @extend_schema(operation_id="bot_stop", request=None, responses=shapes.BotOutput)
    def post(self, request: Request, bot_id: int) -> Response:
        """No new trade from now on. Stopping twice is success."""
        bots.bot_stop(actor=self.actor, bot_id=bot_id, now=timezone.now())
        return self.shown(bot_id)


class BotDecisionsApi(TradingApi):
    """Why it did or did not trade, newest first."""

    @extend_schema(
        operation_id="bot_decisions", parameters=[PageQuery], responses=shapes.DecisionListOutput
    )
    def get(self, request: Request, bot_id: int) -> Response:
        query = PageQuery.read(request)
        selectors.bot_get(reader=self.actor, bot_id=bot_id)
        found = paged(selectors.decision_list(reader=self.actor, bot_id=bot_id), query)
        said = selectors.decision_rows(list(found.items))
        items = [
            {**asdict(each), "params": row.params}
            for each, row in zip(said, found.items, strict=True)
        ]
        answer = {"items": items, "next_cursor": found.next_cursor}
        return Response(shapes.DecisionListOutput(answer).data)


class BotPositionsApi(TradingApi):
    """What stands on its connections, how far it drifted, and which transfers would help."""

    @extend_schema(operation_id="bot_positions", responses=shapes.PositionListOutput)
    def get(self, request: Request, bot_id: int) -> Response:
        NoQuery.read(request)
        bot = selectors.bot_get(reader=self.actor, bot_id=bot_id)
        found = selectors.bot_positions(reader=self.actor, bot=bot)
        return Response(shapes.PositionListOutput(found).data)


class BotPerformanceApi(TradingApi):
    """What it earned after all costs, by quote asset."""

    @extend_schema(operation_id="bot_performance", responses=shapes.PerformanceListOutput)
    def get(self, request: Request, bot_id: int) -> Response:
        NoQuery.read(request)
        selectors.bot_get(reader=self.actor, bot_id=bot_id)
        found = selectors.performance_list(
            reader=self.actor, midnight=midnight(timezone.now()), bot_id=bot_id
        )
        return Response(shapes.PerformanceListOutput({"items": found}).data)


class StrategyListApi(TradingApi):
    @extend_schema(operation_id="strategy_list", responses=shapes.StrategyListOutput)
    def get(self, request: Request) -> Response:
        NoQuery.read(request)
        items = [
            {
                "code": kind.code,
                "label": gettext(kind.label),
                "summary": gettext(kind.summary),
                "params_schema": _schema(params_schema(kind.params_type)),
            }
            for kind in STRATEGIES.values()
        ]
        return Response(shapes.StrategyListOutput({"items": items}).data)


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Connections have a field of their own beside `params`."""
    properties = {k: v for k, v in schema["properties"].items() if k != CONNECTIONS}
    required = [name for name in schema["required"] if name != CONNECTIONS]
    return schema | {"properties": properties, "required": required}
