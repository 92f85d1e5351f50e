"""The folder of adapters, the loader below it, and the promise that names stay inside."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.venues import registry
from apps.venues.adapters._ids import Number, Plain, Uuid
from apps.venues.domain.errors import VenueUnknown
from apps.venues.domain.ports import Capability, RightsProof

APPS = Path(registry.__file__).parents[1]
PROMISED = {
    *("binance", "bybit", "okx", "kraken", "coinbase", "kucoin", "gate", "bitget", "mexc", "htx"),
    *("bitfinex", "bitstamp", "gemini", "cryptocom", "bingx", "poloniex", "phemex", "whitebit"),
    *("upbit", "bitvavo", "bitmex", "hyperliquid"),
}
OURS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=23)
PLATFORM = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=23, max_size=23).map(
    lambda text: f"c{text}"
)


def in_a_fresh_process(code: str) -> str:
    """What the code prints where nothing has imported ccxt yet."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=APPS.parent
    ).stdout.strip()


def test_reading_the_registry_imports_no_exchange():
    told = in_a_fresh_process(
        "import sys; from apps.venues.registry import adapter_types; adapter_types();"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in {'ccxt'}))"
    )

    assert told == "[]"


def test_loading_one_exchange_loads_no_other():
    told = in_a_fresh_process(
        "import sys; from apps.venues.adapters._loader import exchange_class as one;"
        "one('binance'); one('binance', 'pro');"
        "from apps.venues.adapters._loader import LazyPackage;"
        "import ccxt; assert ccxt.binance is one('binance');"
        "print(sorted(n for n in vars(ccxt) if n in set(ccxt.exchanges)))"
    )

    assert told == "['binance']"


def test_a_normal_import_still_works_after_the_loader():
    told = in_a_fresh_process(
        "from apps.venues.adapters._loader import exchange_class as one; one('kraken', 'pro');"
        "import ccxt, ccxt.pro, ccxt.async_support; from ccxt import okx;"
        "print(okx.__name__, ccxt.pro.kraken.__module__, ccxt.OrderNotFound.__name__)"
    )

    assert told == "okx ccxt.pro.kraken OrderNotFound"


def test_every_adapter_has_its_payloads():
    written = {path.stem for path in (Path(__file__).parent / "payloads").glob("*.json")}

    assert written == set(registry.adapter_types())


def test_the_promised_exchanges_are_all_here():
    assert set(registry.adapter_types()) >= PROMISED


def test_an_unknown_venue_has_no_adapter():
    with pytest.raises(VenueUnknown):
        registry.adapter_for("nowhere")


@pytest.mark.parametrize("adapter", registry.adapter_types().values(), ids=lambda a: a.spec.code)
def test_a_spec_says_what_a_user_needs(adapter):
    spec = adapter.spec

    assert spec.key_page.startswith("https://")
    assert len(spec.key_steps) >= 2
    assert spec.needed_rights
    assert set(adapter.credential_names) >= {field.name for field in spec.credential_fields}
    assert {Capability.BOOK, Capability.BALANCES, Capability.CANCEL} <= spec.capabilities


def test_only_a_venue_that_tells_is_called_a_probe():
    told = {
        code: "read_rights" in vars(adapter) for code, adapter in registry.adapter_types().items()
    }

    proven = {
        code: adapter.spec.rights_proof is not RightsProof.NONE
        for code, adapter in registry.adapter_types().items()
    }
    assert told == proven


def test_no_code_outside_the_adapters_asks_for_a_venue_by_name():
    codes = set(registry.adapter_types())
    found = []
    for path in APPS.rglob("*.py"):
        if path.is_relative_to(registry.ADAPTERS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                named = {s.value for s in sides if isinstance(s, ast.Constant)} & codes
                found += [f"{path.name}:{node.lineno} {name}" for name in named]

    assert found == []


@given(st.one_of(OURS, PLATFORM, st.uuids(version=4).map(lambda made: made.hex)))
def test_an_order_id_comes_back_from_every_alphabet(ours):
    for ids in (Plain(), Plain(prefix="t-", longest=28), Uuid(), Uuid(form="hex128")):
        assert ids.ours(ids.wire(ours)) == ours
    assert 0 < int(Number(bits=45).wire(ours)) < 2**45
