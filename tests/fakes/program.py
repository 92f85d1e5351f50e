"""A program that talks to the partner API with a token of its own."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from apps.accounts.services import api_token_create
from apps.core.domain.people import Actor


class Program:
    """`program.get("bots")` is GET /api/v1/bots as the actor; None is nobody."""

    def __init__(self, actor: Actor | None) -> None:
        self.client = Client()
        self.token = ""
        if actor is not None:
            _, self.token = api_token_create(actor=actor, name="test", now=timezone.now())

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self._headers())

    def send(self, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            data=_json(body),
            content_type="application/json",
            headers=self._headers() | ({"Idempotency-Key": key} if key else {}),
        )

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.send("POST", path, body, key=key)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _json(body: Any) -> str:
    return json.dumps({} if body is None else body)


def problem(response: Any) -> tuple[int, str, Any]:
    """(status, code, details) of an error answer."""
    error = response.json()["error"]
    return response.status_code, error["code"], error["details"]
