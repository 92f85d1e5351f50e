"""The WebSocket side: raw and combined market streams, listen keys, and the WebSocket API."""

from __future__ import annotations

import re
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from apps.practice.dialect.reading import Parameters
from apps.practice.domain import refusals
from apps.practice.domain.refusals import Refusal
from apps.practice.hub import Listener
from apps.practice.instance import Instance
from apps.practice.rest import gate
from apps.practice.rest.table import ENDPOINTS
from apps.practice.tape import INTERVALS

MOST_STREAMS = 1_024
_STREAM = re.compile(
    r"([a-z0-9]+)@(?:depth(?:5|10|20)?(?:@100ms|@1000ms)?|bookTicker|ticker|trade|aggTrade"
    rf"|kline_(?:{'|'.join(INTERVALS)}))"
)
# The WebSocket API's methods and the REST endpoints that carry them out.
METHODS = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "trades.recent": ("GET", "/api/v3/trades"),
    "klines": ("GET", "/api/v3/klines"),
    "ticker.price": ("GET", "/api/v3/ticker/price"),
    "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
    "order.place": ("POST", "/api/v3/order"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "account.status": ("GET", "/api/v3/account"),
    "account.commission": ("GET", "/api/v3/account/commission"),
}


async def serve_streams(
    instance: Instance, request: web.Request, names: list[str], *, combined: bool
) -> web.WebSocketResponse:
    """/ws/<stream>..., /stream?streams=a/b: subscribe, then obey SUBSCRIBE and its kin."""
    socket = web.WebSocketResponse(heartbeat=180, autoping=True)
    await socket.prepare(request)
    listener = Listener(socket, request.transport, combined=combined)
    instance.hub.listeners.add(listener)
    try:
        for name in names:
            _subscribe(instance, listener, name)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                listener.send(orjson.dumps(_obey(instance, listener, message.data)).decode())
    except Refusal as refusal:
        await socket.close(code=1008, message=refusal.message.encode())
    finally:
        instance.hub.forget(listener)
        await listener.close()
    return socket


def _subscribe(instance: Instance, listener: Listener, name: str) -> None:
    """A market stream, or a listen key; an unknown one is refused, so that nobody waits."""
    owner = instance.listen_key_owner(name)
    if owner is not None:
        instance.hub.subscribe_user(listener, owner, None)
        return
    found = _STREAM.fullmatch(name)
    if found is None or found[1].upper() not in instance.by_id:
        raise Refusal(400, 2, f"Invalid request: invalid stream {name}")
    if len(listener.streams) >= MOST_STREAMS:
        raise Refusal(400, 2, "Invalid request: too many streams")
    instance.hub.subscribe(listener, name.removesuffix("@1000ms"))


def _obey(instance: Instance, listener: Listener, text: str) -> dict[str, Any]:
    """One request message and its answer."""
    try:
        request = orjson.loads(text)
        asked, number = str(request.get("method")), request.get("id")
        streams = [str(name) for name in request.get("params") or []]
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return {"error": {"code": 3, "msg": "Invalid JSON: expected an object"}, "id": None}
    try:
        if asked == "SUBSCRIBE":
            for name in streams:
                _subscribe(instance, listener, name)
        elif asked == "UNSUBSCRIBE":
            for name in streams:
                instance.hub.unsubscribe(listener, name.removesuffix("@1000ms"))
        elif asked == "LIST_SUBSCRIPTIONS":
            return {"result": sorted(listener.streams), "id": number}
        else:
            raise Refusal(400, 2, f"Invalid request: unknown method {asked}")
    except Refusal as refusal:
        return {"error": {"code": refusal.code, "msg": refusal.message}, "id": number}
    return {"result": None, "id": number}


async def serve_api(instance: Instance, request: web.Request) -> web.WebSocketResponse:
    """/ws-api/v3: requests over a socket, and the user stream by signed subscription."""
    socket = web.WebSocketResponse(heartbeat=180, autoping=True)
    await socket.prepare(request)
    listener = Listener(socket, request.transport, combined=False)
    instance.hub.listeners.add(listener)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                answer = await _respond(instance, listener, request, message.data)
                listener.send(orjson.dumps(answer).decode())
    finally:
        instance.hub.forget(listener)
        await listener.close()
    return socket


async def _respond(
    instance: Instance, listener: Listener, request: web.Request, text: str
) -> dict[str, Any]:
    number = None
    try:
        message = orjson.loads(text)
        number, method = message.get("id"), str(message.get("method"))
        values = {str(k): _text(v) for k, v in (message.get("params") or {}).items()}
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return _failed(number, refusals.characters_illegal("request", "a JSON object"))
    try:
        used = instance.limiter.spend(request.remote or "", 2, instance.now())
        result = _run(instance, listener, method, values)
        await instance.journal.sync()
    except Refusal as refusal:
        return _failed(number, refusal)
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    limit |= {"limit": instance.config.limits.weight_per_minute, "count": used}
    return {"id": number, "status": 200, "result": result, "rateLimits": [limit]}


def _run(instance: Instance, listener: Listener, method: str, values: dict[str, str]) -> Any:
    """Carry out one method; raises Refusal. Signed over the sorted parameters."""
    key = values.get("apiKey", "")
    parts = sorted((k, v) for k, v in values.items() if k != "signature")
    payload = "&".join(f"{name}={value}" for name, value in parts)
    parameters = Parameters.of(values)
    if method == "userDataStream.subscribe.signature":
        caller = gate.authorize(instance, key, parameters, payload)
        return {"subscriptionId": listener.subscribe_user(instance.hub, caller.id)}
    if method == "userDataStream.unsubscribe":
        chosen = parameters.whole("subscriptionId")
        instance.hub.unsubscribe_user(listener, chosen)
        return {}
    if method not in METHODS:
        raise refusals.unsupported()
    parameters.has("apiKey")
    return gate.invoke(instance, ENDPOINTS[METHODS[method]], parameters, key, payload, {})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _failed(number: object, refusal: Refusal) -> dict[str, Any]:
    error = {"code": refusal.code, "msg": refusal.message}
    return {"id": number, "status": refusal.status, "error": error, "rateLimits": []}
