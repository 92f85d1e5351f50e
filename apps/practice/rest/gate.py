"""Every REST request passes here: faults, weights, key, signature, clock; then its handler."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from typing import Any

import orjson
from aiohttp import web

from apps.practice.dialect.reading import Parameters
from apps.practice.domain import refusals
from apps.practice.domain.ledger import Account
from apps.practice.domain.refusals import Refusal
from apps.practice.faults import Fault
from apps.practice.instance import Instance
from apps.practice.rest import account, market  # noqa: F401 - they fill the table
from apps.practice.rest.table import ENDPOINTS, Call, Endpoint, Need

logger = logging.getLogger(__name__)

DEFAULT_WINDOW_MS = 5_000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1_000
MAINTENANCE = (
    "<html><head><title>Maintenance</title></head><body><h1>The venue is under maintenance.</h1>"
    "<p>This page is a fault that somebody asked for.</p></body></html>"
)


async def answer(instance: Instance, request: web.Request, path: str) -> web.StreamResponse:
    """The dialect's answer to one request, or whatever a fault makes of it."""
    endpoint = ENDPOINTS.get((request.method, path))
    if endpoint is None:
        return web.Response(
            status=404,
            text="<html><body><h2>404 Not found</h2></body></html>",
            content_type="text/html",
        )
    body = (await request.read()).decode("utf-8", "replace")
    query = request.rel_url.raw_query_string
    if not instance.faults:
        return await _carry_out(instance, request, endpoint, query, body)
    caller = instance.account_by_key(request.headers.get("X-MBX-APIKEY", ""))
    return await _with_faults(instance, request, endpoint, query, body, caller)


async def _with_faults(
    instance: Instance,
    request: web.Request,
    endpoint: Endpoint,
    query: str,
    body: str,
    caller: Account | None,
) -> web.StreamResponse:
    def strike(kind: str) -> Fault | None:
        return instance.faults.strike(
            kind, endpoint=endpoint.name, account_id=caller.id if caller else None
        )

    if late := strike("latency"):
        await asyncio.sleep(late.parameters["ms"] / 1_000)
    if closed := strike("maintenance"):
        return web.Response(
            status=int(closed.parameters.get("status", 503)),
            text=MAINTENANCE,
            content_type="text/html",
        )
    if storm := strike("rate_limit_storm"):
        seconds = int(storm.parameters.get("retry_after", 1))
        limit = instance.config.limits.weight_per_minute
        return _refused(refusals.too_many_requests(limit, seconds), {})
    broken = strike("http_5xx")
    if broken and broken.parameters.get("when", "before") == "before":
        return _failed(broken)
    done = await _carry_out(instance, request, endpoint, query, body)
    if broken:
        return _failed(broken)
    if strike("accept_then_timeout") and request.transport is not None:
        request.transport.abort()
    return done


def _failed(fault: Fault) -> web.Response:
    status = int(fault.parameters.get("status", 503))
    refusal = refusals.timed_out() if status == 504 else refusals.failed_internally()
    return _json({"code": refusal.code, "msg": refusal.message}, status, {})


async def _carry_out(
    instance: Instance, request: web.Request, endpoint: Endpoint, query: str, body: str
) -> web.Response:
    headers: dict[str, str] = {}
    try:
        parameters = Parameters(query, body)
        used = instance.limiter.spend(
            request.remote or "", endpoint.weigh(parameters), instance.now()
        )
        headers["X-MBX-USED-WEIGHT"] = headers["X-MBX-USED-WEIGHT-1M"] = str(used)
        key = request.headers.get("X-MBX-APIKEY", "")
        payload = _unsigned(query) + _unsigned(body)
        result = invoke(instance, endpoint, parameters, key, payload, headers)
        if endpoint.writes:
            await instance.journal.sync()
        return _json(result, 200, headers)
    except Refusal as refusal:
        return _refused(refusal, headers)
    except Exception:
        logger.exception("a request failed inside the practice venue")
        return _refused(refusals.failed_internally(), headers)


def invoke(
    instance: Instance,
    endpoint: Endpoint,
    parameters: Parameters,
    key: str,
    payload: str,
    headers: dict[str, str],
) -> Any:
    """Authorize and run; raises Refusal. `payload` is what was signed, as sent."""
    caller = None
    if endpoint.need is not Need.NOTHING:
        if endpoint.need is Need.KEY:
            caller = _caller(instance, key)
        else:
            caller = authorize(instance, key, parameters, payload)
        if endpoint.need is Need.TRADE and not caller.can_trade:
            raise refusals.key_refused()
    if endpoint.counts_as_order and caller is not None:
        short, day = instance.limiter.count_order(caller.id, instance.now())
        headers["X-MBX-ORDER-COUNT-10S"] = str(short)
        headers["X-MBX-ORDER-COUNT-1D"] = str(day)
    return endpoint.handle(Call(instance, parameters, caller, headers))


def _caller(instance: Instance, key: str) -> Account:
    if not key or not key.isalnum():
        raise refusals.key_malformed()
    caller = instance.account_by_key(key)
    if caller is None or caller.revoked:
        raise refusals.key_refused()
    return caller


def authorize(instance: Instance, key: str, parameters: Parameters, payload: str) -> Account:
    """Key, clock, signature, in this order; raises -2014, -2015, -1102, -1021, -1022."""
    caller = _caller(instance, key)
    stamp = parameters.whole("timestamp")
    if stamp is None:
        raise refusals.parameter_missing("timestamp")
    signature = parameters.text("signature")
    window = parameters.whole("recvWindow")
    window = DEFAULT_WINDOW_MS if window is None else min(window, LONGEST_WINDOW_MS)
    now = instance.now()
    if stamp >= now + AHEAD_MS:
        raise refusals.timestamp_ahead()
    if now - stamp > window:
        raise refusals.timestamp_outside_window()
    secret = instance.keys.secret(key) or ""
    expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
        raise refusals.signature_invalid()
    return caller


def _unsigned(part: str) -> str:
    """Query or body as sent, without the signature itself."""
    if "signature=" not in part:
        return part
    return "&".join(pair for pair in part.split("&") if not pair.startswith("signature="))


def _refused(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    content = {"code": refusal.code, "msg": refusal.message}
    return _json(content, refusal.status, headers | refusal.headers)


def _json(content: Any, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(content),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )
