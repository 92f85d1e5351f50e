"""A venue cut off below ccxt: raw HTTP answers at `HTTPAdapter.send`, and what was heard there.

A payload file tells answers by scene. A route is "METHOD needle needle..." and answers a request
whose address and body hold every needle; the scene's routes come before the ones for always. An
answer is JSON with status 200, or {"$status": 400, "$body": ...}; "{client_id}" in it becomes the
id that our order carries on the wire. A request without a route fails the test by name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

PAYLOADS = Path(__file__).parents[1] / "contract" / "payloads"
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Heard:
    method: str
    url: str
    body: str
    headers: Mapping[str, str]

    @property
    def said(self) -> str:
        """The request in clear: some venues carry it in a header, in base 64."""
        packed = self.headers.get("X-GEMINI-PAYLOAD", "")
        return f"{self.text} {base64.b64decode(packed).decode()}"

    @property
    def text(self) -> str:
        return f"{self.url} {self.body}"


@dataclass
class Wire:
    """One venue's wire. `tell` chooses what it answers from now on."""

    payload: Mapping[str, Any]
    client_id: str
    heard: list[Heard] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    routes: dict[str, Any] = field(default_factory=dict)

    def tell(self, scene: str, *, instead: Any = None) -> Mapping[str, Any]:
        """Play a scene; `instead` replaces the answer to the order itself. Gives what to expect."""
        told = self.payload["scenes"][scene]
        self.routes = dict(told["routes"])
        if instead is not None:
            self.routes = {self.payload["place"]: instead} | {
                route: answer
                for route, answer in self.routes.items()
                if route != self.payload["place"]
            }
        return told.get("expect", {})

    def placed(self) -> Heard:
        """The request that carried the order."""
        return next(h for h in reversed(self.heard) if _matches(self.payload["place"], h))

    def places(self) -> int:
        return sum(_matches(self.payload["place"], h) for h in self.heard)

    def send(
        self, adapter: Any, request: requests.PreparedRequest, **named: Any
    ) -> requests.Response:
        body = request.body or ""
        heard = Heard(
            request.method or "",
            request.url or "",
            body.decode() if isinstance(body, bytes) else str(body),
            dict(request.headers),
        )
        self.heard.append(heard)
        for route, answer in {**self.routes, **self._always(self.routes)}.items():
            if _matches(route, heard):
                return self._response(request, answer)
        self.unmatched.append(f"{heard.method} {heard.text}")
        raise requests.ConnectionError(f"no answer for {heard.method} {heard.url}")

    def _always(self, first: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in self.payload["always"].items() if k not in first}

    def _response(self, request: requests.PreparedRequest, answer: Any) -> requests.Response:
        if isinstance(answer, Exception):
            raise answer
        status = 200
        if isinstance(answer, dict) and "$status" in answer:
            status, answer = answer["$status"], answer["$body"]
        text = answer if isinstance(answer, str) else json.dumps(answer)
        text = text.replace('"{client_id#}"', self.client_id).replace("{client_id}", self.client_id)
        response = requests.Response()
        response.status_code = status
        response.reason = {200: "OK", 502: "Bad Gateway"}.get(status, "Refused")
        response._content = text.encode()
        response.headers["Content-Type"] = (
            "text/html" if text.startswith("<") else "application/json"
        )
        response.headers["Date"] = "Sat, 21 Nov 2026 12:00:00 GMT"
        response.request, response.url = request, request.url or ""
        return response


def payload(code: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((PAYLOADS / f"{code}.json").read_text())
    return read


def _matches(route: str, heard: Heard) -> bool:
    method, *needles = route.split(" ")
    return method == heard.method and all(needle in heard.said for needle in needles)
