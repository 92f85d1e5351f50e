"""Decoding venue text: whole or refused, and the compiled reader never disagrees."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.venues.domain import wire, wire_kernels
from apps.venues.domain.wire_errors import WireMalformed, WireUnknown

DIFF = (
    b'{"stream":"bnbbtc@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC",'
    b'"U":157,"u":160,"b":[["0.00240000","10.00000000"],["0.0023","0.00000000"]],'
    b'"a":[["0.00260000","100.00000000"]]}}'
)


def fast(text: bytes) -> wire.DepthDelta | None:
    """What the compiled reader makes of it, without the symbol; None where it gives up."""
    out, header = np.zeros((2, 64)), np.zeros(wire_kernels.HEADER, dtype=np.int64)
    code = wire_kernels.depth_update(np.frombuffer(text, np.uint8), 0, len(text), out, header)
    if code != wire_kernels.OK:
        return None
    event, _, first, final, bids, asks = header.tolist()
    rows = [tuple(row) for row in out[:, : bids + asks].T.tolist()]
    return wire.DepthDelta(
        "BNBBTC", first, final, None, event, tuple(rows[:bids]), tuple(rows[bids:])
    )


def test_a_depth_diff_is_read_alike_by_both_readers():
    expected = wire.DepthDelta(
        symbol="BNBBTC",
        first=157,
        final=160,
        previous=None,
        event_ms=1672515782136,
        bids=((0.0024, 10.0), (0.0023, 0.0)),
        asks=((0.0026, 100.0),),
    )
    assert wire.decode(DIFF) == expected
    assert fast(DIFF) == expected
    bare = DIFF[DIFF.index(b'{"e"') : -1]
    assert wire.decode(bare) == fast(bare) == expected


@given(st.data())
@settings(deadline=None, max_examples=400)
def test_the_compiled_reader_accepts_nothing_that_the_general_one_reads_otherwise(data):
    text = bytearray(DIFF)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["cut", "swap", "drop", "double"]))
        if kind == "cut":
            del text[max(1, at) :]
        elif kind == "swap":
            text[at] = data.draw(st.sampled_from(b'0123456789".,[]{}:eUbas-+ \\\n\xff'))
        elif kind == "drop" and len(text) > 1:
            del text[at]
        else:
            text[at:at] = text[at : at + 1]
    read = fast(bytes(text))
    if read is not None:
        general = wire.decode(bytes(text))
        assert isinstance(general, wire.DepthDelta)
        assert general.bids == read.bids
        assert general.asks == read.asks
        assert (general.first, general.final) == (read.first, read.final)


numbers = st.from_regex(r"[0-9]{1,10}(\.[0-9]{1,10})?", fullmatch=True)


@given(numbers)
@settings(deadline=None, max_examples=400)
def test_a_quantity_is_the_nearest_float_of_its_text(number):
    text = DIFF.replace(b'"10.00000000"', f'"{number}"'.encode())
    assert wire.decode(text).bids[0][1] == float(number)
    read = fast(text)
    assert read is None or read.bids[0][1] == float(number)


@given(st.integers(1, 10**15 - 1), st.integers(0, 12))
def test_a_price_gives_its_decimal_text_back(digits, places):
    price = Decimal(digits).scaleb(-places)
    assert wire.exact(float(price)) == price


def test_a_price_too_fine_for_a_float_is_refused():
    text = DIFF.replace(b'"0.00240000"', b'"1234567890.1234567"')
    assert fast(text) is None
    with pytest.raises(WireMalformed):
        wire.decode(text)


def test_partial_depth_names_its_symbol_by_the_stream():
    body = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
    expected = wire.DepthSnapshot("BNBBTC", 160, ((0.0024, 10.0),), ((0.0026, 100.0),))
    assert wire.decode(orjson.dumps({"stream": "bnbbtc@depth5", "data": body})) == expected
    assert wire.decode(orjson.dumps(body), symbol="BNBBTC") == expected
    assert wire.decode(orjson.dumps(body)).symbol is None


def test_a_best_quote_is_read():
    text = b'{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21","a":"25.3652","A":"40.66"}'
    assert wire.decode(text) == wire.BestQuote(
        "BNBUSDT", 400900217, (25.3519, 31.21), (25.3652, 40.66)
    )


def test_a_trade_is_read_exactly():
    text = (
        b'{"e":"trade","E":1,"s":"BNBBTC","t":12345,"p":"0.001000000000000001","q":"100",'
        b'"T":1672515782136,"m":true,"M":true}'
    )
    assert wire.decode(text) == wire.TradePrint(
        "BNBBTC", 12345, Decimal("0.001000000000000001"), Decimal(100), 1672515782136, True
    )


def test_an_answer_to_a_subscription_is_read():
    assert wire.decode(b'{"result":null,"id":312}') == wire.StreamReply(312, None)
    refusal = b'{"error":{"code":2,"msg":"Invalid request"},"id":7}'
    assert wire.decode(refusal) == wire.StreamReply(7, "Invalid request")


def test_futures_diffs_name_the_update_before():
    body = {"e": "depthUpdate", "E": 1, "T": 1, "s": "BTCUSDT", "U": 5, "u": 9, "pu": 4}
    assert wire.decode(orjson.dumps({**body, "b": [], "a": []})).previous == 4


@pytest.mark.parametrize("text", [b'{"e":"kline","k":{}}', b"{}", b'{"hello":1}'])
def test_what_nobody_asked_for_is_unknown(text):
    with pytest.raises(WireUnknown):
        wire.decode(text)


@pytest.mark.parametrize(
    "change",
    [
        {"U": "157"},
        {"U": True},
        {"u": 156},
        {"s": 5},
        {"s": ""},
        {"E": None},
        {"b": None},
        {"b": {}},
        {"b": [["1"]]},
        {"b": [["1", "1", "1"]]},
        {"b": [[1.0, "1"]]},
        {"b": [["1", "-1"]]},
        {"b": [["1e5", "1"]]},
        {"b": [["0", "1"]]},
        {"b": [["NaN", "1"]]},
        {"a": ["12"]},
        {"a": [["١", "1"]]},
    ],
)
def test_a_depth_diff_with_one_wrong_field_is_refused(change):
    body = {**orjson.loads(DIFF)["data"], **change}
    with pytest.raises(WireMalformed):
        wire.decode(orjson.dumps(body))


@pytest.mark.parametrize("text", [b"", b"nonsense", b"[1]", b'"text"', b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(WireMalformed):
        wire.decode(text)
