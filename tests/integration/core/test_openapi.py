"""The API's own description is complete, and what it describes does not break."""

from __future__ import annotations

import re
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, settings

from tests.fakes.program import Program

PROMISED = {
    "/api/v1/keys": {"get", "post"},
    "/api/v1/keys/{key_id}": {"get", "delete"},
    "/api/v1/keys/{key_id}/test": {"post"},
    "/api/v1/venues": {"get"},
    "/api/v1/spreads": {"get"},
    "/api/v1/spreads/{base}-{quote}": {"get"},
    "/api/v1/bots": {"get", "post"},
    "/api/v1/bots/{bot_id}": {"get", "patch", "delete"},
    "/api/v1/bots/{bot_id}/start": {"post"},
    "/api/v1/bots/{bot_id}/stop": {"post"},
    "/api/v1/bots/{bot_id}/decisions": {"get"},
    "/api/v1/bots/{bot_id}/positions": {"get"},
    "/api/v1/bots/{bot_id}/performance": {"get"},
    "/api/v1/strategies": {"get"},
    "/api/v1/arb/jobs": {"get", "post"},
    "/api/v1/arb/jobs/{job_id}": {"get"},
    "/api/v1/orders": {"get", "post"},
    "/api/v1/orders/{order_id}": {"delete", "get", "patch"},
    "/api/v1/orders/{order_id}/cancel": {"post"},
    "/api/v1/order-groups": {"get"},
    "/api/v1/order-groups/{group_id}": {"get"},
    "/api/v1/order-groups/{group_id}/cancel": {"post"},
    "/api/v1/orders/history": {"get"},
    "/api/v1/plans": {"get"},
    "/api/v1/plans/{plan_id}": {"get"},
    "/api/v1/plans/{plan_id}/unwind": {"post"},
    "/api/v1/plans/{plan_id}/acknowledge": {"post"},
    "/api/v1/trades": {"get"},
    "/api/v1/trades.csv": {"get"},
    "/api/v1/halt": {"post"},
    "/api/v1/resume": {"post"},
    "/api/v1/dashboard": {"get"},
}


@pytest.fixture(scope="module")
def schema():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def routes(resolver=None, prefix="/"):
    for each in (resolver or get_resolver()).url_patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(each.pattern))
        if isinstance(each, URLResolver):
            yield from routes(each, path)
        elif isinstance(each, URLPattern) and path.startswith("/api/"):
            yield path


def test_it_is_openapi_3_1_without_a_warning(schema):
    assert schema["openapi"] == "3.1.0"


def test_every_promised_route_is_there(schema):
    told = {path: set(schema["paths"].get(path, {})) for path in PROMISED}

    assert told == PROMISED


def test_every_route_is_described(schema):
    assert set(routes()) - set(schema["paths"]) == {"/api/v1/schema/"}


def test_every_answer_has_a_shape(schema):
    bare = [
        (path, method, status)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if status != "204" and not answer.get("content")
    ]
    assert bare == []


def test_no_amount_is_described_as_a_number(schema):
    """Floats are figures about time, never money."""
    numbers = {
        (name, field)
        for name, shape in schema["components"]["schemas"].items()
        for field, kind in shape.get("properties", {}).items()
        if kind.get("type") in ("number", ["number", "null"])
    }
    assert numbers == {("LatencyOutput", "p50"), ("LatencyOutput", "p99")}


@pytest.mark.django_db
def test_it_is_served():
    answer = Program(None).get("schema/")

    assert (answer.status_code, answer["Content-Type"][:27]) == (200, "application/vnd.oai.openapi")


@pytest.mark.django_db
def test_no_question_that_can_be_put_breaks_a_reading_route(alice, schema):
    """Generated questions, good and bad, to every GET: never a 500, always the envelope."""
    import schemathesis
    from schemathesis import GenerationMode

    program = Program(alice.actor)
    loaded = schemathesis.openapi.from_dict(schema).include(method="GET")
    loaded.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    asked = set()

    for operation in loaded.get_all_operations():
        _questions(operation.ok(), program, asked)

    assert asked == {path for path, methods in schema["paths"].items() if "get" in methods}


def _questions(operation, program, asked):
    from hypothesis import given

    quick = settings(
        max_examples=5,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    @quick
    @given(case=operation.as_strategy())
    def ask(case):
        asked.add(operation.path)
        path = case.formatted_path.removeprefix("/api/v1/")
        answer = program.get(path, {k: str(v) for k, v in (case.query or {}).items()})
        assert answer.status_code < 500, (path, case.query)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error", "request_id"}

    ask()
