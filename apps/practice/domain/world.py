"""The seeded market model: one world of prices that several venues follow, each in its own way.

Assets move by a common factor and by themselves, and jump. A venue follows the world with a lag:
slow movements by exponential smoothing, a jump after a delay of its own that is drawn anew each
time (one venue leads at once, the others come 0.3 to 2 s later). On top each venue has a basis per
symbol that wanders and returns. All randomness comes from one seed and none from users, so the
same seed gives the same world whatever is traded in it.

Prices are logarithms inside; volatilities are basis points per square root of a second.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BPS = 1e-4
STEP = 0.1  # seconds of one step


@dataclass(frozen=True, slots=True)
class Asset:
    """Start price in USDT, volatility (bps/sqrt(s)), share of the common factor in it (0..1)."""

    price: float
    volatility: float
    common: float


# Price levels of 2024. `python -m apps.practice.calibrate` on recorded spot streams: BTC moves 1.24
# bps/sqrt(s) with kurtosis 26 over one-second returns (99th percentile 5.6 bps, maximum 8.8), ETH
# 1.17 with kurtosis 13: most movement is jumps. The diffusion is set below the total because jumps
# add the rest; the other assets follow BTC in proportion to their hourly volatility.
ASSETS: dict[str, Asset] = {
    "BTC": Asset(61_800.0, 0.8, 0.85),
    "ETH": Asset(2_650.0, 1.0, 0.80),
    "SOL": Asset(152.0, 1.4, 0.70),
    "XRP": Asset(0.61, 1.3, 0.55),
    "BNB": Asset(512.0, 0.9, 0.70),
    "ADA": Asset(0.345, 1.4, 0.65),
    "DOGE": Asset(0.103, 1.6, 0.65),
    "LINK": Asset(10.4, 1.5, 0.65),
    "AVAX": Asset(22.6, 1.6, 0.70),
    "LTC": Asset(61.5, 1.1, 0.65),
    "USDC": Asset(1.0, 0.02, 0.0),
}
UNKNOWN = Asset(10.0, 1.5, 0.65)
ANCHORS = {"USDT", "USD"}  # the money prices are counted in


class PositionUnusable(ValueError):
    """A kept position does not fit the market it should continue; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How lively the world is. Rates per second, sizes in bps, times in seconds.

    Two exchanges differed by 5.0 bps (standard deviation of minute closes, median 2.6, 99th
    percentile 17); closes of thin minutes are not simultaneous, so the model's lasting basis is a
    fifth of that, and the tail comes from jumps that arrive late. Jumps are more frequent than
    recorded on purpose: the world is for practice.
    """

    jump_rate: float = 1 / 90  # of one asset alone
    common_jump_rate: float = 1 / 240
    jump_floor: float = 9.0
    jump_scale: float = 7.0  # exponential tail above the floor
    lag: tuple[float, float] = (0.3, 2.0)  # of the venues that do not lead a jump
    smoothing: tuple[float, float] = (0.1, 0.5)  # time constant of a venue's following
    basis: float = 1.0  # standard deviation of a venue's basis
    basis_time: float = 90.0  # its mean reversion


@dataclass(slots=True)
class _Arrival:
    """A jump on its way to a venue."""

    step: int
    venue: int
    shift: Floats


@dataclass(slots=True)
class World:
    """`step` advances by 100 ms and returns the middle prices, venues x symbols."""

    seed: int
    symbols: Sequence[str]
    venues: int
    temper: Temper = field(default_factory=Temper)
    steps: int = 0
    assets: list[str] = field(init=False)
    _dice: np.random.Generator = field(init=False)
    _level: Floats = field(init=False)
    _followed: Floats = field(init=False)
    _jumped: Floats = field(init=False)
    _basis: Floats = field(init=False)
    _arrivals: list[_Arrival] = field(init=False, default_factory=list)
    _volatility: Floats = field(init=False)
    _common: Floats = field(init=False)
    _follow: Floats = field(init=False)
    _exposure: Floats = field(init=False)

    def __post_init__(self) -> None:
        names = {part for symbol in self.symbols for part in symbol.split("/")}
        self.assets = sorted(names - ANCHORS)
        known = [ASSETS.get(name, UNKNOWN) for name in self.assets]
        self._dice = np.random.default_rng(self.seed)
        self._level = np.log(np.array([asset.price for asset in known]))
        self._volatility = np.array([asset.volatility for asset in known]) * BPS
        self._common = np.array([asset.common for asset in known])
        self._followed = np.tile(self._level, (self.venues, 1))
        self._jumped = np.zeros((self.venues, len(known)))
        self._basis = np.zeros((self.venues, len(self.symbols)))
        low, high = self.temper.smoothing
        times = np.linspace(low, high, self.venues)
        self._follow = (1 - np.exp(-STEP / times))[:, None]
        self._exposure = _exposure(self.symbols, self.assets)

    def step(self) -> Floats:
        """Advance 100 ms; middle prices in quote units, shape (venues, symbols)."""
        self.steps += 1
        self._diffuse()
        self._jump()
        self._wander()
        return self.prices()

    def prices(self) -> Floats:
        """Middle prices now, shape (venues, symbols)."""
        mids: Floats = np.exp((self._followed + self._jumped) @ self._exposure + self._basis)
        return mids

    def position(self) -> dict[str, Any]:
        """Everything the next step depends on, in JSON's types; integers beyond 64 bits as text."""
        dice = self._dice.bit_generator.state
        return {
            "steps": self.steps,
            "dice": {name: str(number) for name, number in dice["state"].items()},
            "spare": [dice["has_uint32"], dice["uinteger"]],
            "arrivals": [[each.step, each.venue, each.shift.tolist()] for each in self._arrivals],
            **{name: getattr(self, f"_{name}").tolist() for name in _CARRIED},
        }

    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on exactly where `position` was taken; raises PositionUnusable and changes nothing."""
        dice = dict(self._dice.bit_generator.state)
        try:
            floats = {name: np.array(position[name], dtype=np.float64) for name in _CARRIED}
            arrivals = [
                _Arrival(int(step), int(venue), np.array(shift, dtype=np.float64))
                for step, venue, shift in position["arrivals"]
            ]
            steps, spare = int(position["steps"]), position["spare"]
            dice["state"] = {name: int(position["dice"][name]) for name in dice["state"]}
            dice["has_uint32"], dice["uinteger"] = int(spare[0]), int(spare[1])
        except (KeyError, IndexError, TypeError, ValueError) as wrong:
            raise PositionUnusable(f"the kept position cannot be read: {wrong!r}") from None
        self._require_fit(floats, arrivals)
        self._dice.bit_generator.state = dice
        self.steps, self._arrivals = steps, arrivals
        for name, values in floats.items():
            setattr(self, f"_{name}", values)

    def _require_fit(self, floats: Mapping[str, Floats], arrivals: Sequence[_Arrival]) -> None:
        for name, values in floats.items():
            expected = getattr(self, f"_{name}").shape
            if values.shape != expected or not np.isfinite(values).all():
                raise PositionUnusable(f"{name} is no finite array of shape {expected}")
        if any(
            each.venue not in range(self.venues) or each.shift.shape != self._level.shape
            for each in arrivals
        ):
            raise PositionUnusable("a jump on its way does not fit the venues and assets")

    def _diffuse(self) -> None:
        noise = self._dice.standard_normal(len(self.assets) + 1)
        own = np.sqrt(1 - self._common**2) * noise[1:]
        self._level += self._volatility * np.sqrt(STEP) * (self._common * noise[0] + own)
        self._followed += (self._level - self._followed) * self._follow

    def _jump(self) -> None:
        temper, dice = self.temper, self._dice
        chances = dice.random(len(self.assets) + 1)
        for index in np.flatnonzero(chances[1:] < temper.jump_rate * STEP):
            shift = np.zeros(len(self.assets))
            shift[index] = self._jump_size() * self._liveliness(int(index))
            self._send(shift)
        if chances[0] < temper.common_jump_rate * STEP:
            self._send(self._common * self._jump_size())
        due = [arrival for arrival in self._arrivals if arrival.step <= self.steps]
        for arrival in due:
            self._jumped[arrival.venue] += arrival.shift
            self._arrivals.remove(arrival)

    def _jump_size(self) -> float:
        size = self.temper.jump_floor + self._dice.exponential(self.temper.jump_scale)
        return float(size * BPS * (1 if self._dice.random() < 0.5 else -1))

    def _liveliness(self, index: int) -> float:
        """Quiet assets jump less; a stable coin hardly at all."""
        return min(1.5, float(self._volatility[index] / BPS))

    def _send(self, shift: Floats) -> None:
        """A jump reaches its leading venue at once and the others after their own delays."""
        leader = int(self._dice.integers(self.venues))
        delays = self._dice.uniform(*self.temper.lag, self.venues)
        for venue in range(self.venues):
            delay = 0 if venue == leader else round(float(delays[venue]) / STEP)
            self._arrivals.append(_Arrival(self.steps + delay, venue, shift))

    def _wander(self) -> None:
        pull = STEP / self.temper.basis_time
        noise = self._dice.standard_normal(self._basis.shape)
        self._basis += -pull * self._basis + self.temper.basis * BPS * np.sqrt(2 * pull) * noise


_CARRIED = ("level", "followed", "jumped", "basis")


def model_mark() -> str:
    """Changes whenever the model's constants do: a world of other constants is another world."""
    return f"{zlib.crc32(repr((ASSETS, UNKNOWN, Temper(), STEP)).encode()):08x}"


def past_minutes(seed: int, symbols: Sequence[str], minutes: int) -> Floats:
    """Middle prices of the minutes before the start, shape (symbols, minutes, 8 moments each).

    Ends at the start prices, so that charts run on without a step.
    """
    names = sorted({part for symbol in symbols for part in symbol.split("/")} - ANCHORS)
    known = [ASSETS.get(name, UNKNOWN) for name in names]
    dice = np.random.default_rng([seed, 1])
    count = minutes * 8
    noise = dice.standard_normal((len(known) + 1, count))
    common = np.array([asset.common for asset in known])[:, None]
    volatility = np.array([asset.volatility for asset in known])[:, None] * BPS * np.sqrt(60 / 8)
    moves = volatility * (common * noise[0] + np.sqrt(1 - common**2) * noise[1:])
    paths = np.cumsum(moves, axis=1)
    paths += np.log(np.array([asset.price for asset in known]))[:, None] - paths[:, -1:]
    prices: Floats = np.exp(_exposure(symbols, names).T @ paths)
    return prices.reshape(len(symbols), minutes, 8)


def _exposure(symbols: Sequence[str], assets: Sequence[str]) -> Floats:
    """assets x symbols: +1 for the base, -1 for the quote; the anchor money is zero."""
    exposure = np.zeros((len(assets), len(symbols)))
    for column, symbol in enumerate(symbols):
        base, quote = symbol.split("/")
        if base in assets:
            exposure[assets.index(base), column] += 1
        if quote in assets:
            exposure[assets.index(quote), column] -= 1
    return exposure
