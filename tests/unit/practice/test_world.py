"""The market model: one seed, one world; venues that differ and come back to each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from apps.practice.config import config_parse
from apps.practice.demo import SEED, demo_config
from apps.practice.domain.ladder import SHAPE, Ladder
from apps.practice.domain.matching import Book
from apps.practice.domain.world import Temper, World, past_minutes
from apps.practice.listing import rules_for
from apps.practice.opportunities import opportunities_measure

SYMBOLS = ["BTC/USDT", "ETH/BTC", "ETH/USDT"]


def path(seed: int, steps: int, temper: Temper | None = None) -> np.ndarray:
    world = World(seed, SYMBOLS, 3, temper or Temper())
    return np.array([world.step() for _ in range(steps)])


def test_one_seed_is_one_world() -> None:
    assert np.array_equal(path(7, 200), path(7, 200))


def test_another_seed_is_another_world() -> None:
    assert not np.array_equal(path(7, 10), path(8, 10))


def test_cross_rates_agree_up_to_the_basis() -> None:
    calm = path(7, 500, Temper(basis=0.0))

    assert np.allclose(calm[:, :, 1], calm[:, :, 2] / calm[:, :, 0], rtol=1e-12)


def test_a_jump_reaches_every_venue_within_the_longest_lag() -> None:
    world = World(7, SYMBOLS, 3, Temper(jump_rate=0, common_jump_rate=0, basis=0.0))
    world._send(np.array([0.01, 0.0]))

    for _ in range(21):
        world.step()

    assert np.allclose(world._jumped, [[0.01, 0.0]] * 3)


def test_venues_stay_near_each_other() -> None:
    prices = path(7, 5_000)

    apart = np.log(prices.max(axis=1) / prices.min(axis=1))
    assert float(np.quantile(apart, 0.5)) < 5e-4
    assert float(apart.max()) < 1e-2


def test_the_past_ends_where_the_world_starts() -> None:
    past = past_minutes(7, SYMBOLS, 100)

    assert past.shape == (3, 100, 8)
    assert np.allclose(past[:, -1, -1], World(7, SYMBOLS, 1).prices()[0])


def test_the_demo_offers_several_opportunities_a_minute() -> None:
    found = opportunities_measure(120, net_bps=5, notional=1_000, seed=SEED)

    assert 3 <= found["per_minute"] <= 60


def test_the_demo_configuration_is_valid_and_its_fees_differ() -> None:
    instances = config_parse(demo_config()).instances

    assert [item.code for item in instances] == ["alpha", "beta", "gamma"]
    assert len({item.taker_fee for item in instances}) == 3


def test_a_ladders_changes_build_its_quotes_and_never_cross() -> None:
    ladder = Ladder(rules_for("BTC/USDT", {}), SHAPE, 61_800.0, seed=1)
    book = Book()

    for prices in pairwise(path(7, 100)[:, 0, 0]):
        for mid in prices:
            book.quote(*ladder.requote(float(mid)), full=False)
            assert book.bids.outside == ladder.sides[0]
            assert book.asks.outside == ladder.sides[1]
            assert max(ladder.sides[0]) < min(ladder.sides[1])
