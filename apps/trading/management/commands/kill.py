"""`manage.py kill HALT|CANCEL|FLATTEN|RESUME`: works with the site, workers and broker down."""

from __future__ import annotations

import argparse
import json
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core import beats, outbox
from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading.domain.errors import BotMissing
from apps.trading.domain.kill import ACTIVE, KillCommand, KillOrigin, KillScope, KillStatus
from apps.trading.models import Bot, KillRun, TradingAccount
from apps.trading.services.kill import kill_claim, kill_request
from apps.trading.services.kill_states import PLATFORM_ID, state_release_now

COMMANDS = ("HALT", "CANCEL", "FLATTEN", "RESUME")


class Command(BaseCommand):
    help = "Stop trading of the platform, a workspace or a bot. Without a guard it does the work."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("what", choices=COMMANDS, type=str.upper)
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument("--workspace", type=int, metavar="N", help="one workspace")
        scope.add_argument("--bot", type=int, metavar="N", help="one bot")
        scope.add_argument("--platform", action="store_true", help="everybody")
        parser.add_argument("--reason", default="", help="kept with it, at most 200 characters")
        parser.add_argument("--wait", action="store_true", help="until it is over")
        parser.add_argument("--json", action="store_true", help="print the run as one JSON object")

    def handle(self, *args: Any, **words: Any) -> None:
        """Exit code 0: done or under way; 1: refused, or something is left (with --wait)."""
        outbox.delivery_leave()
        try:
            scope, workspace_id = _scope(words)
            actor = Actor.platform(workspace_id)
            if words["what"] == "RESUME":
                state_release_now(actor=actor, scope=scope, bot_id=words["bot"], now=timezone.now())
                told = {"command": "RESUME", "scope": scope.value, "state": "ACTIVE"}
                print(json.dumps(told) if words["json"] else "Trading goes on.")
                return
            run = kill_request(
                actor=actor,
                scope=scope,
                command=KillCommand(words["what"]),
                bot_id=words["bot"],
                origin=KillOrigin.COMMAND,
                reason=words["reason"] or "manage.py kill",
                now=timezone.now(),
            )
        except CryonelError as e:
            raise CommandError(f"{e.code}: {e}") from e
        run = _until_over(run, wait=words["wait"])
        self._say(run, as_json=words["json"])

    def _say(self, run: KillRun, *, as_json: bool) -> None:
        if as_json:
            facts = {"run": run.pk, "command": run.command, "status": run.status}
            print(json.dumps({**facts, "report": run.report, "report_hash": run.report_hash}))
        else:
            print(f"{run.command} {run.scope_key}: {run.status} (run {run.pk})")
            if run.report_hash:
                print(f"Report {run.report_hash}")
        if run.status in {KillStatus.ATTENTION, KillStatus.FAILED}:
            raise CommandError("Something is left: see the report.")


def _scope(words: dict[str, Any]) -> tuple[KillScope, int]:
    if words["platform"]:
        return KillScope.PLATFORM, PLATFORM_ID
    if words["bot"] is not None:
        bot = Bot.objects.filter(pk=words["bot"], deleted_at=None).first()
        if bot is None:
            raise BotMissing
        return KillScope.BOT, bot.workspace_id
    number = int(words["workspace"])
    if not TradingAccount.objects.filter(workspace_id=number).exists():
        raise CommandError(f"There is no workspace {number} that trades.")
    return KillScope.WORKSPACE, number


def _until_over(run: KillRun, *, wait: bool) -> KillRun:
    """Without a guard it is done here; with one, waited for if asked."""
    while run.status in ACTIVE:
        if not beats.alive(role="guard", now=timezone.now()):
            done = _here(run)
            if done is not None:
                return done
        elif not wait:
            return run
        time.sleep(0.25)
        run.refresh_from_db()
    return run


def _here(run: KillRun) -> KillRun | None:
    from apps.trading.guard.runs import owner_name, run_carry_out

    claimed = kill_claim(owner=owner_name(), now=timezone.now(), run_id=run.pk)
    return None if claimed is None else run_carry_out(claimed, threading.Event())
