"""The workspace's trading as a whole: HALT, resume, figures; and one-shot arbitrage jobs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.portfolio.selectors import equity_last
from apps.trading import selectors
from apps.trading.api import shapes
from apps.trading.api.bots import bots_shown
from apps.trading.api.queries import NoQuery, PageQuery, paged
from apps.trading.api.route import StopApi, TradingApi, checked, midnight
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.selectors.decisions import decision_text
from apps.trading.selectors.lists import arb_job_list, bot_rows
from apps.trading.services import account, arb_jobs
from apps.trading.services.kill import kill_request


class HaltApi(StopApi):
    @extend_schema(
        operation_id="trading_halt", request=shapes.HaltInput, responses=shapes.HaltOutput
    )
    def post(self, request: Request) -> Response:
        """From this answer on no opening order leaves. Halting twice is success."""
        reason = checked(shapes.HaltInput, request)["reason"] or gettext("Halted by the API")
        kill_request(
            actor=self.actor,
            scope=KillScope.WORKSPACE,
            command=KillCommand.HALT,
            origin=KillOrigin.API,
            reason=reason,
            now=timezone.now(),
        )
        state = selectors.halt_state(reader=self.actor)
        return Response(shapes.HaltOutput(state).data)


class ResumeApi(TradingApi):
    @extend_schema(operation_id="trading_resume", request=None, responses=shapes.HaltOutput)
    def post(self, request: Request) -> Response:
        """Orders may leave again."""

        def handle() -> Response:
            account.trading_resume(actor=self.actor, now=timezone.now())
            state = selectors.halt_state(reader=self.actor)
            return Response(shapes.HaltOutput(state).data)

        return self.once(request, handle)


class DashboardApi(TradingApi):
    """What is owned, what was earned, what runs, how fast it is."""

    @extend_schema(operation_id="dashboard", responses=shapes.DashboardOutput)
    def get(self, request: Request) -> Response:
        NoQuery.read(request)
        active = bot_rows(reader=self.actor).exclude(status=BotStatus.STOPPED).order_by("-pk")
        answer = {
            "equity": equity_last(reader=self.actor),
            "pnl": selectors.performance_list(reader=self.actor, midnight=midnight(timezone.now())),
            "latency": selectors.latency_summary(reader=self.actor),
            "halt": selectors.halt_state(reader=self.actor),
            "bots": bots_shown(active),
        }
        return Response(shapes.DashboardOutput(answer).data)


def job_shown(job: Any) -> dict[str, Any]:
    params = {name: value for name, value in job.params.items() if name not in ("pairs", "venues")}
    text = decision_text(job.code, job.code_params) if job.code else ""
    return {
        "id": job.pk,
        "pair": job.pair,
        "connection_ids": job.connection_ids,
        "params": params,
        "status": job.status,
        "code": job.code,
        "text": text,
        "plan_id": job.plan_id,
        "created_at": job.created_at,
        "decided_at": job.decided_at,
    }


class ArbJobListApi(TradingApi):
    """One-shot arbitrage: check now, trade once if it pays, say what happened."""

    @extend_schema(
        operation_id="arb_job_list", parameters=[PageQuery], responses=shapes.ArbJobListOutput
    )
    def get(self, request: Request) -> Response:
        found = paged(arb_job_list(reader=self.actor), PageQuery.read(request))
        items = [job_shown(job) for job in found.items]
        answer = {"items": items, "next_cursor": found.next_cursor}
        return Response(shapes.ArbJobListOutput(answer).data)

    @extend_schema(
        operation_id="arb_job_create",
        request=shapes.ArbJobInput,
        responses={202: shapes.ArbJobOutput},
    )
    def post(self, request: Request) -> Response:
        return self.once(request, lambda: self._created(request))

    def _created(self, request: Request) -> Response:
        data = checked(shapes.ArbJobInput, request)
        job = arb_jobs.arb_job_create(actor=self.actor, now=timezone.now(), **data)
        return Response(shapes.ArbJobOutput(job_shown(job)).data, status=202)


class ArbJobApi(TradingApi):
    @extend_schema(operation_id="arb_job_get", responses=shapes.ArbJobOutput)
    def get(self, request: Request, job_id: int) -> Response:
        NoQuery.read(request)
        job = selectors.arb_job_get(reader=self.actor, job_id=job_id)
        return Response(shapes.ArbJobOutput(job_shown(job)).data)
