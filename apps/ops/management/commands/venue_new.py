"""Begin an exchange: its adapter file and its payload file, with what only a person can fill in.

The contract tests fail for the new exchange until every answer of the payload file is written from
its public documentation; nothing is registered that does not answer its cards.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.venues.registry import adapter_types

ADAPTER = '''"""{label} spot."""

from __future__ import annotations

from datetime import timedelta

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.domain.ports import RightsProof, VenueKind, VenueSpec


class {name}(CcxtVenue):
    spec = VenueSpec(
        code="{code}",
        label="{label}",
        kind=VenueKind.EXCHANGE,
        ccxt_id="{ccxt_id}",
        capabilities=SPOT,
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=60),
        needed_rights=("Trade",),
        key_page="",
        key_steps=(gettext_noop("Create a key that may trade and may not withdraw."),),
        requests_per_second=1.0,
        docs="",
    )


ADAPTER = {name}
'''
PAYLOAD: dict[str, Any] = {
    "written": "by hand from the public documentation; nothing here was recorded",
    "source": "",
    "ticket": {},
    "venue_order_id": "",
    "place": "",
    "sell": "",
    "time_in_force": {},
    "instrument": [],
    "always": {},
    "refused": [],
    "cancel_of_ended": {},
    "late": [],
    "scenes": {
        name: {"routes": {}}
        for name in (
            "accepted", "absent", "ioc_found_nobody", "filled", "balances", "wrong_key", "book",
            "open_orders", "my_trades",
        )
    },
}  # fmt: skip


class Command(BaseCommand):
    help = "Begin an exchange: write its adapter file and its payload file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", metavar="CODE", help="lower case letters and digits")
        parser.add_argument("--ccxt-id", help="the ccxt class; CODE where it is the same")
        parser.add_argument("--label", help="its name for people")
        parser.add_argument("--into", help="a folder to write below; this repository's by default")

    def handle(self, *args: Any, **options: Any) -> None:
        code = options["code"]
        if not re.fullmatch(r"[a-z][a-z0-9]{1,19}", code):
            raise CommandError("A code is 2 to 20 lower case letters and digits.")
        if code in adapter_types():
            raise CommandError(f"{code} exists: apps/venues/adapters/{code}.py")
        ccxt_id = options["ccxt_id"] or code
        _require_known(ccxt_id)
        root = Path(options["into"] or settings.BASE_DIR)
        label = options["label"] or code.capitalize()
        words = {"code": code, "label": label, "ccxt_id": ccxt_id, "name": code.capitalize()}
        adapter = root / "apps" / "venues" / "adapters" / f"{code}.py"
        payload = root / "tests" / "contract" / "payloads" / f"{code}.json"
        for path, text in (
            (adapter, ADAPTER.format(**words)),
            (payload, json.dumps(PAYLOAD, indent=1) + "\n"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.stdout.write(str(path))
        self.stdout.write(
            "Now write its differences, its limits and each answer of the payload file from its "
            f"documentation, until `pytest tests/contract -k {code}` is green; then "
            "`manage.py venue_table`."
        )


def _require_known(ccxt_id: str) -> None:
    from apps.venues.adapters._loader import exchange_class

    try:
        exchange_class(ccxt_id)
    except LookupError as e:
        raise CommandError(f"ccxt has no exchange {ccxt_id!r}.") from e
