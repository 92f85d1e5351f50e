"""What one command has to do in one workspace: the facts that every step needs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading.domain.kill import KillCommand
from apps.trading.guard.desk import Desk
from apps.trading.models import KillPart, KillRun
from apps.trading.services.kill import kill_step_record


@dataclass(slots=True)
class Work:
    """`stop` ends it early and leaves everything as it is: another guard goes on."""

    run: KillRun
    part: KillPart
    stop: threading.Event
    desk: Desk = field(default_factory=Desk)
    started: float = field(default_factory=time.monotonic)
    silent: dict[str, tuple[object, ...]] = field(default_factory=dict)

    @property
    def workspace_id(self) -> int:
        return self.part.workspace_id

    @property
    def bot_id(self) -> int | None:
        return self.run.bot_id

    @property
    def actor(self) -> Actor:
        return Actor.platform(self.workspace_id)

    @property
    def flattening(self) -> bool:
        return self.run.command == KillCommand.FLATTEN

    @property
    def now(self) -> datetime:
        return timezone.now()

    def say(self, code: str, **params: object) -> None:
        """A line on the run's page; the same news is told once, however often it is met."""
        subject = str(params.get("order") or params.get("asset") or params.get("connection") or "")
        news = tuple(sorted((name, str(value)) for name, value in params.items()))
        if self.silent.get(f"{code} {subject}") == news:
            return
        self.silent[f"{code} {subject}"] = news
        kill_step_record(
            run_id=self.run.pk, code=code, now=self.now, workspace=self.workspace_id, **params
        )
