"""Rotate the vault's keys while everything runs. Killed, run it again: it goes on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from apps.vault import rotation


class Command(BaseCommand):
    help = (
        "Wrap every data key with the newest key-encryption key. --new-kek makes a new one first; "
        "--data-keys also gives every workspace a new data key and reseals its secrets."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new-kek", action="store_true", help="make a new version first")
        parser.add_argument("--data-keys", action="store_true", help="reseal under new data keys")
        parser.add_argument("--batch", type=int, default=100, help="rows per transaction")

    def handle(self, *args: Any, new_kek: bool, data_keys: bool, batch: int, **rest: Any) -> None:
        size = max(1, batch)
        if rotation.running(rotation.KEK):
            self.stdout.write("Going on with an unfinished rotation of the key-encryption key.")
        wrapped = rotation.rewrap(
            now=timezone.now(), renew=new_kek, batch=size, told=self._told("data keys")
        )
        self.stdout.write(f"{wrapped} data keys stand under the newest key-encryption key.")
        if data_keys or rotation.running(rotation.DATA_KEYS):
            done = rotation.reseal(now=timezone.now(), batch=size, told=self._told("workspaces"))
            self.stdout.write(f"{done} workspaces have new data keys.")
        self.stdout.write(self.style.SUCCESS("Done."))

    def _told(self, what: str) -> rotation.Told:
        def tell(done: int, position: int) -> None:
            self.stdout.write(f"  {done} {what}, position {position}")

        return tell
