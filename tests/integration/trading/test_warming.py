"""What a worker has ready before the first order."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.trading import warming
from apps.trading.selectors.engine import connections_trading
from apps.trading.services import bots
from apps.venues.adapters import practice
from apps.venues.domain.ports import Need
from apps.venues.services import client_for, clients_forget
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The raw clients that were made."""
    found: list[Any] = []
    build = practice.Practice.__init__

    def noted(self: Any, *given: Any, **named: Any) -> None:
        found.append(self)
        build(self, *given, **named)

    monkeypatch.setattr(practice.Practice, "__init__", noted)
    return found


def test_a_started_bots_clients_are_made_before_its_first_order(floor: Floor, made):  # noqa: F811
    clients_forget()
    assert connections_trading() == {each.pk for each in floor.links}
    assert [warming.warm(each.pk) for each in floor.links] == [True, True]
    assert len(made) == 4  # a spare one each

    for each in floor.links:
        client_for(each.pk, need=Need.TRADE).balances()
    assert len(made) == 4


def test_a_stopped_bots_connections_are_let_be(floor: Floor):  # noqa: F811
    bots.bot_stop(actor=floor.actor, bot_id=floor.bot.pk, now=timezone.now())

    assert connections_trading() == set()


def test_a_venue_that_is_away_is_tried_again_later(floor: Floor, settings):  # noqa: F811
    clients_forget()
    settings.PRACTICE_URL = "http://127.0.0.1:9"

    assert warming.warm(floor.links[0].pk) is False
