"""Every address of the product, as somebody who is not signed in: nothing is given away."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = {
    "landing",
    "healthz",
    "health-live",
    "health-ready",
    "sign-in",
    "sign-in-link",
    "sign-in-second",
    "sign-out",
    "language-set",
    "api-token-sign-in",
    "api-schema",
}
METHODS = ("get", "post", "put", "patch", "delete")
SAMPLES = {"str": "x", "symbol": "BTC-USDT"}  # every other parameter is a number


def every_pattern(
    patterns: list[URLPattern | URLResolver] | None = None, before: str = "/"
) -> Iterator[tuple[str, str]]:
    """(name, path with samples in place of its parameters)."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        text = before + address(each)
        if isinstance(each, URLResolver):
            yield from every_pattern(each.url_patterns, text)
        else:
            yield each.name or "", text


def address(each: URLPattern | URLResolver) -> str:
    route = str(each.pattern)
    if "(?P" in route:  # two regular expressions: a bot's tabs, and the rooms of the staff pages
        return "bots/1/trades/" if "tab" in route else "trading/"
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1] or "str", "1"), route)


ADDRESSES = sorted(set(every_pattern()))


def test_each_address_has_a_name():
    assert [path for name, path in ADDRESSES if not name] == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", [path for name, path in ADDRESSES if name not in PUBLIC])
def test_a_stranger_gets_nothing(client, path):
    answers = {method: getattr(client, method)(path) for method in METHODS}

    assert {method: closed(path, answer) for method, answer in answers.items()} == dict.fromkeys(
        METHODS, True
    )


def closed(path: str, answer: HttpResponse) -> bool:
    """401 with the envelope for programs, the sign-in page for people, 405 for no such method."""
    if path.startswith("/api/"):
        return answer.status_code == 401 and b"AUT-0001" in answer.content
    if answer.status_code == 302:
        return answer["Location"].startswith("/sign-in/")
    return answer.status_code == 405


@pytest.mark.django_db
def test_security_headers_stand_on_every_page(client):
    response = client.get("/sign-in/")

    policy = response["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_a_body_above_one_megabyte_is_refused(client):
    response = client.post("/api/v1/auth/token", "x" * 1_100_000, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (413, "VAL-0005")
