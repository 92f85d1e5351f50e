"""Depth messages to feed a book with: recorded where the data is present, else generated."""

from __future__ import annotations

import gzip
import os
import random
from dataclasses import dataclass
from pathlib import Path

RECORDING = Path("orderbook") / "spot_btcusdt_20240808.gz"
MESSAGES = 3000
SNAPSHOT_LEVELS = 1000
CHANGES = 18  # per side and message on average, as in the recording
REMOVED = 0.4
NEAR = 300  # mean distance of a change from the top, in ticks; one in ten is ten times as far


@dataclass(frozen=True, slots=True)
class Stream:
    """One symbol's snapshot and the diffs that follow it, as the venue wrote them."""

    source: str
    snapshot: bytes
    texts: list[bytes]
    levels: int  # changed levels in all texts


def depth_stream() -> Stream:
    """The recording under CRYONEL_RECORDED_DATA, or a seeded stream of the same shape."""
    root = os.environ.get("CRYONEL_RECORDED_DATA")
    path = Path(root) / RECORDING if root else None
    if path is not None and path.is_file():
        return _recorded(path)
    return _generated(random.Random(20240808))  # noqa: S311


def _recorded(path: Path) -> Stream:
    snapshot, texts = b"", []
    with gzip.open(path) as lines:
        for line in lines:
            text = line.split(b" ", 1)[1].strip()
            if text.startswith(b'{"lastUpdateId"'):
                snapshot = text
            elif b'"depthUpdate"' in text:
                texts.append(text)
    return Stream("recorded Binance BTC/USDT, 6 minutes", snapshot, texts, _levels(texts))


def _generated(rng: random.Random) -> Stream:
    top, update = 6_180_000, 50_000_000_000
    bids = ",".join(_row(top - i, rng) for i in range(SNAPSHOT_LEVELS))
    asks = ",".join(_row(top + 1 + i, rng) for i in range(SNAPSHOT_LEVELS))
    snapshot = f'{{"lastUpdateId":{update},"bids":[{bids}],"asks":[{asks}]}}'.encode()
    texts = []
    for number in range(MESSAGES):
        top += rng.choice((-2, -1, 0, 0, 1, 2))
        last = update + rng.randint(1, 60)
        sides = [_changes(top, sign, rng) for sign in (-1, 1)]
        texts.append(
            f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate",'
            f'"E":{1723161255208 + 100 * number},"s":"BTCUSDT","U":{update + 1},"u":{last},'
            f'"b":[{sides[0]}],"a":[{sides[1]}]}}}}'.encode()
        )
        update = last
    return Stream("generated, seed 20240808", snapshot, texts, _levels(texts))


def _changes(top: int, sign: int, rng: random.Random) -> str:
    """Rows from the top outward; the first one sweeps what the move has crossed."""
    first = top if sign < 0 else top + 1
    crossed = [f'["{(first - sign * i) / 100:.2f}000000","0.00000000"]' for i in (2, 1)]
    ticks = {0, 1}
    for _ in range(CHANGES - 4 + rng.randint(0, 8)):
        scale = NEAR * 10 if rng.random() < 0.1 else NEAR
        ticks.add(int(rng.expovariate(1 / scale)))
    rows = [
        _row(first + sign * tick, rng, gone=tick > 1 and rng.random() < REMOVED)
        for tick in sorted(ticks)
    ]
    return ",".join(crossed + rows)


def _row(tick: int, rng: random.Random, *, gone: bool = False) -> str:
    quantity = "0.00000000" if gone else f"{rng.expovariate(2):.5f}000"
    return f'["{tick / 100:.2f}000000","{quantity}"]'


def _levels(texts: list[bytes]) -> int:
    return sum(text.count(b'["') for text in texts)
