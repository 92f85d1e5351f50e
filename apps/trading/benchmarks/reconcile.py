"""Comparing one connection with its venue: 1,000 working orders, and 1,000 executed meanwhile.

A practice venue in a process of its own and a driver on PostgreSQL with fsync. The whole service is
measured: the questions over HTTP, the comparison, the transaction, and the second look under lock.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from apps.trading.benchmarks.tick_to_order import _call, _environ, _role
from cryonel import embedded

ORDERS = 1_000
DEADLINE = 240


SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "LTC/USDT", "LINK/USDT")  # 200 orders fit in each


def _more_markets(config: Path) -> None:
    told = json.loads(config.read_text())
    told["instances"] = [{**told["instances"][0], "symbols": list(SYMBOLS)}]
    config.write_text(json.dumps(told))


def measure(progress: Progress) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="cryonel-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through, where we are root
        with embedded.running(folder, durable=True):
            environ = _environ(folder)
            _more_markets(Path(environ["CRYONEL_PRACTICE_CONFIG"]))
            progress("tables")
            _call(environ, "manage.py", "migrate", "--verbosity", "0")
            with _role(environ, "practice"):
                progress(f"{ORDERS} orders at the venue")
                told = _call(
                    environ,
                    "-m",
                    "apps.trading.benchmarks.reconcile_driver",
                    str(ORDERS),
                    timeout=DEADLINE,
                )
    found = json.loads(told.splitlines()[-1])
    return Measurement(
        workload=(
            f"one connection with {ORDERS} orders in {len(SYMBOLS)} markets of the practice venue "
            "over HTTP; settled: all of them executed while nobody listened, each booked with its "
            "execution; PostgreSQL with fsync; median of several for orders that did not change"
        ),
        figures={
            "seconds": Figure(found["unchanged"], "s", "lower"),
            "settled_seconds": Figure(found["settled"], "s", "lower"),
        },
    )
