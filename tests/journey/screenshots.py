"""Every page of the demo world at 390 and 1440 px, dark and light, into var/screenshots/.

`uv run poe screenshots`; uses the demo that runs on the data folder, or starts one and lets it
trade for a while first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.journey.browser import chromium
from tests.journey.demo_command import ROOT, ask, demo, done_plans, until

SIZES = {"390": (390, 844), "1440": (1440, 900)}
THEMES = ("dark", "light")
PUBLIC = {"landing": "/?stay=1", "sign-in": "/sign-in/"}
SETTLED = 2500  # milliseconds for charts and the first live frames


def pages(told: dict[str, Any]) -> dict[str, str]:
    """{name: path} of everything a signed-in person can open."""
    bots = json.loads(ask(told, "/api/v1/bots"))["items"]
    keys = json.loads(ask(told, "/api/v1/keys"))["items"]
    found = {
        "dashboard": "/dashboard/",
        "arbitrage": "/arbitrage/",
        "pair": "/arbitrage/BTC-USDT/",
        "bots": "/bots/",
        "bot-new": "/bots/new/",
        "trades": "/trades/",
        "ticket": "/trade/",
        "orders": "/orders/",
        "orders-history": "/orders/?view=history",
        "risk": "/risk/",
        "stop": "/stop/",
        "security": "/account/security/",
        "second-factor": "/account/security/second-factor/",
        "connections": "/connections/",
        "connection-add": "/connections/add",
        "missing": "/nothing-here/",
    }
    for bot in bots[:1]:
        found["bot"] = f"/bots/{bot['id']}/"
        for tab in ("trades", "positions", "decisions", "settings"):
            found[f"bot-{tab}"] = f"/bots/{bot['id']}/{tab}/"
        found["bot-edit"] = f"/bots/{bot['id']}/edit/"
        found["bot-copy"] = f"/bots/{bot['id']}/copy/"
        found["bot-copy-live"] = f"/bots/{bot['id']}/copy/?mode=LIVE"
    for key in keys[:1]:
        found["connection"] = f"/connections/{key['id']}"
        found["alignment"] = f"/connections/{key['id']}/alignment/"
    return found


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, Any]]:
    """The demo's line: of the one that runs on the folder, else of one started for this."""
    if not os.environ.get("CRYONEL_SCREENSHOT_URL"):
        with demo(folder) as told:
            until(lambda: len(done_plans(told)) > 5, seconds=180, what="trades to show")
            yield told
        return
    yield json.loads(os.environ["CRYONEL_SCREENSHOT_URL"])


def signed_in(browser: Browser, told: dict[str, Any], **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.goto(told["login_url"])
    page.get_by_role("button").last.click()
    page.wait_for_url("**/dashboard/")
    return page


def shoot(told: dict[str, Any], target: Path) -> int:
    count = 0
    with chromium() as browser:
        state = None
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                options: dict[str, Any] = {
                    "viewport": {"width": width, "height": height},
                    "color_scheme": theme,
                    "storage_state": state,
                }
                if state is None:
                    page = signed_in(browser, told)
                    state = page.context.storage_state()
                    options["storage_state"] = state
                context = browser.new_context(**options)
                context.add_init_script(f"localStorage.setItem('cryonel-theme', '{theme}')")
                for name, path in {**PUBLIC, **pages(told)}.items():
                    page = context.new_page()
                    page.goto(told["url"].rstrip("/") + path)
                    page.wait_for_timeout(SETTLED)
                    page.screenshot(path=target / f"{name}-{size}-{theme}.png", full_page=True)
                    page.close()
                    count += 1
                context.close()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=ROOT / "var")
    data_dir = parser.parse_args().data_dir
    target = data_dir / "screenshots"
    target.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with running(data_dir) as told:
        count = shoot(told, target)
    print(f"{count} pictures in {target}, {time.monotonic() - began:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
