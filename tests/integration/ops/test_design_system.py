"""The face: every template renders, keeps the page's security policy, and stays light."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import path

from tests.integration.ops import design_samples, design_samples_safety

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
SOURCES = sorted(TEMPLATES.rglob("*.html"))
SAMPLES = (
    "landing",
    "sign-in",
    "sign-in-failed",
    "sign-in-link",
    "sign-in-link-spent",
    "dashboard",
    "dashboard-empty",
    "arbitrage",
    "arbitrage-empty",
    "pair",
    "bots",
    "bots-empty",
    "stop",
    "stop-none",
    "stop-done",
    "stop-at-work",
    "stop-stuck",
    "bot-form",
    "bot-form-lacking",
    *(f"bot-{tab}" for tab in design_samples.TABS),
    "orders",
    "orders-history",
    "order",
    "ticket",
    "ticket-check",
    "trades",
    "trades-none-fits",
    "connections",
    "connections-empty",
    "connection-choice",
    "connection-form",
    "connection",
    "problem",
    "problem-toast",
    "error-403",
    "error-404",
    "error-500",
    "styleguide",
    *design_samples_safety.SAMPLES,
)
NAMED = re.compile(r"""\{% url ['"]([\w-]+)['"]((?:\s+(?!as\b)[\w.|:'"]+)*)""")
CSS_BUDGET = 50_000  # bytes, gzipped
JS_BUDGET = 120_000


def _relative(source: Path) -> str:
    return str(source.relative_to(TEMPLATES))


def _nobody(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


@pytest.fixture
def addresses(settings: SimpleNamespace) -> ModuleType:
    """An URLconf with just the addresses that templates name, so that markup is tested alone."""
    named = {
        (found[1], len(found[2].split()))
        for source in SOURCES
        for found in NAMED.finditer(source.read_text())
    }
    conf = ModuleType("design_addresses")
    conf.urlpatterns = [  # type: ignore[attr-defined]
        path("/".join([name, *(f"<path:a{n}>" for n in range(count)), ""]), _nobody, name=name)
        for name, count in sorted(named)
    ]
    settings.ROOT_URLCONF = conf
    return conf


def _request(*, signed_in: bool) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(  # type: ignore[assignment]
        is_authenticated=signed_in, email="alice@example.org", pk=1
    )
    request.actor = None  # type: ignore[attr-defined]
    return request


def _html(name: str) -> str:
    template, context = design_samples.pages()[name]
    signed_in = not template.startswith(("landing", "accounts/sign_in"))
    found = get_template(template)
    return found.render({"shell": design_samples.SHELL, **context}, _request(signed_in=signed_in))


class _Policy(HTMLParser):
    """Collects what a nonce policy without 'unsafe-inline' would block, and doubled ids."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: list[str] = []
        self.ids: list[str] = []
        self.models = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.models += tag == "template"
        if tag == "style" or (tag == "script" and "src" not in given):
            self.blocked.append(f"inline <{tag}>")
        for name, value in attrs:
            inert = name.startswith(("on", "hx-on")) or name == "style"
            if inert or (value or "").strip().lower().startswith(("javascript:", "js:")):
                self.blocked.append(f"{name}={value}")
        if "id" in given and not self.models:
            self.ids.append(given["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.models -= tag == "template"


def _policy(html: str) -> _Policy:
    parser = _Policy()
    parser.feed(html)
    return parser


def test_the_samples_cover_every_page() -> None:
    assert set(SAMPLES) == set(design_samples.pages())
    shown = {template.partition("#")[0] for template, _ in design_samples.pages().values()}
    frames = {"base.html", "base_public.html"}
    pages = {
        _relative(source)
        for source in SOURCES
        if not _relative(source).startswith(("ui/", "admin/"))
    }
    assert pages - frames <= shown


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_renders_without_anything_that_the_policy_blocks(
    name: str, addresses: ModuleType
) -> None:
    found = _policy(_html(name))

    assert found.blocked == []
    assert sorted(set(found.ids)) == sorted(found.ids)


@pytest.mark.parametrize("source", SOURCES, ids=_relative)
def test_a_template_names_only_static_files_that_exist(source: Path) -> None:
    named = re.findall(r"""\{% static ['"]([^'"]+)['"]""", source.read_text())

    assert [file for file in named if finders.find(file) is None] == []


@pytest.mark.parametrize("source", SOURCES, ids=_relative)
def test_a_template_names_only_icons_of_the_sprite(source: Path) -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    named = re.findall(r'"ui/icon.html" with name="([\w-]+)"', source.read_text())
    named += re.findall(r'\bicon="([\w-]+)"', source.read_text())

    assert set(named) <= sprite


def test_an_unknown_figure_is_a_dash_and_not_zero(addresses: ModuleType) -> None:
    row = re.search(r'data-key="XRP/USDT.*?</tr>', _html("arbitrage"), re.DOTALL)

    assert row
    assert "0.000" not in row[0]
    assert '<td data-label="Net" class="num " data-cell="net" data-value="">–</td>' in row[0]


def test_halt_is_on_every_page_until_it_is_pressed(addresses: ModuleType) -> None:
    assert 'data-dialog-open="stop-dialog"' in _html("dashboard")
    assert 'data-dialog-open="stop-dialog"' in _html("dashboard-empty")


def _weight(files: Iterator[Path] | list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_the_stylesheet_stays_under_its_budget() -> None:
    assert 0 < _weight([STATIC / "css/app.css"]) < CSS_BUDGET


def test_all_scripts_together_stay_under_the_budget_of_one_page() -> None:
    assert 0 < _weight([*STATIC.glob("js/*.js"), *STATIC.glob("vendor/*.js")]) < JS_BUDGET


@pytest.mark.parametrize("script", sorted(STATIC.glob("js/*.js")), ids=lambda file: file.name)
def test_a_script_neither_evaluates_text_nor_fetches_from_elsewhere(script: Path) -> None:
    source = script.read_text()

    assert re.findall(r"\beval\(|new Function\(|document\.write", source) == []
    assert re.findall(r"https?://(?!www\.w3\.org/)", source) == []


def test_no_template_loads_anything_from_another_host() -> None:
    loads = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']https?:""")

    assert [_relative(source) for source in SOURCES if loads.search(source.read_text())] == []
