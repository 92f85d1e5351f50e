"""Fragments of pages, read and rendered again for each member who looks at them.

A push carries figures, never buttons, unless a bot's state changed: a row that is replaced while
its button is pressed would swallow the click. Forms are rendered for nobody's request and get
the page's own CSRF token in the browser (static/js/live.js).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation

from apps.accounts.selectors import Member, member_list
from apps.core import live
from apps.trading import live_marks, selectors
from apps.trading.selectors.bots import BotCard
from apps.trading.selectors.dashboard import dashboard_stats
from apps.trading.selectors.lists import fill_list_of
from apps.trading.selectors.order_pages import orders_named

Changed = Mapping[str, set[int]]  # ids by kind: order, plan, bot, moved, decided
Frames = list[tuple[str, str, Any]]  # (group, channel, data)
PAGES = ("trades", "bots", "dashboard", "latency", "orders")
DECISIONS = 8


def changes_push(*, workspace_id: int, delayed: bool, now: datetime) -> None:
    """Tell every member who has a page open what changed since the last push."""
    changed = live_marks.take(workspace_id, delayed=delayed)
    if not changed:
        return
    members = member_list(workspace_id=workspace_id)
    groups = [group for member in members for group in _groups(member, changed).values()]
    heard = live.listened(groups)
    frames: Frames = []
    for member in members:
        wanted = {name: g for name, g in _groups(member, changed).items() if g in heard}
        if wanted:
            frames += frames_for(member, changed, wanted, now)
    live.push_all(frames)


def frames_for(
    member: Member, changed: Changed, wanted: Mapping[str, str], now: datetime
) -> Frames:
    """What this member's open pages need. wanted: {channel: group} that they listen to."""
    with translation.override(member.user.language), timezone.override(member.zone):
        drawn = _drawn(member, changed, wanted, now)
        return [(wanted[channel], channel, {"html": html}) for channel, html in drawn if html]


def _groups(member: Member, changed: Changed) -> dict[str, str]:
    """{channel: group}, as apps.trading.channels gives them to this member."""
    user_id, workspace_id = member.user.pk, member.actor.workspace_id
    groups = {f"{name}:{user_id}": live.group(name, workspace_id, user_id) for name in PAGES}
    for bot_id in changed.get("decided", ()):
        groups[f"decisions:{bot_id}"] = live.group("decisions", workspace_id, user_id, bot_id)
    return groups


def _drawn(
    member: Member, changed: Changed, wanted: Mapping[str, str], now: datetime
) -> list[tuple[str, str]]:
    """[(channel, html)] of the channels wanted; each is read only if somebody looks."""
    user_id, reader = member.user.pk, member.actor
    page = {"request": {"user": member.user}}  # templates name channels by request.user.pk
    drawn: list[tuple[str, str]] = []
    if (channel := f"trades:{user_id}") in wanted:
        drawn += [(channel, html) for html in _trades(member, changed)]
    if f"bots:{user_id}" in wanted or f"dashboard:{user_id}" in wanted:
        drawn += _bots(member, changed)
    if (channel := f"dashboard:{user_id}") in wanted:
        midnight = now.astimezone(member.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        stats = dashboard_stats(reader=reader, midnight=midnight)
        drawn.append((channel, render_to_string("dashboard.html#stats", stats | page)))
    if (channel := f"latency:{user_id}") in wanted and changed.get("order"):
        speed = {"latency": selectors.latency_summary(reader=reader)}
        drawn.append((channel, render_to_string("dashboard.html#latency", speed | page)))
    if (channel := f"orders:{user_id}") in wanted and changed.get("single"):
        rows = orders_named(reader=reader, order_ids=changed["single"])
        drawn.append((channel, _each("trading/orders.html#row", "row", rows)))
    for bot_id in changed.get("decided", ()):
        if (channel := f"decisions:{bot_id}") in wanted:
            drawn.append((channel, _decisions(member, bot_id)))
    return [(channel, html) for channel, html in drawn if channel in wanted]


def _trades(member: Member, changed: Changed) -> list[str]:
    """Rows for the trades page and for the dashboard's list: two frames, because a browser
    cannot read table rows and list items out of one text. Oldest first: each goes on top."""
    fills = fill_list_of(
        reader=member.actor,
        order_ids=changed.get("order", ()),
        plan_ids=changed.get("plan", ()),
    )
    rows = selectors.trade_rows(fills)
    return [_each(f"trading/trades.html#{part}", "trade", rows) for part in ("row", "brief")]


def _bots(member: Member, changed: Changed) -> list[tuple[str, str]]:
    """Whole rows of bots that started or stopped; else only the cells with figures."""
    moved, counted = changed.get("moved", set()), changed.get("bot", set())
    if not moved | counted:
        return []
    cards = selectors.bot_list(reader=member.actor)
    shown = [card for card in cards if card.pk in moved]
    figures = [card for card in cards if card.pk in counted - moved]
    lists, board = f"bots:{member.user.pk}", f"dashboard:{member.user.pk}"
    return [
        (lists, _each("trading/bots.html#row", "bot", shown)),
        (lists, _each("trading/bots.html#figures", "bot", figures)),
        (lists, _each("trading/bot.html#head", "bot", shown)),
        (board, _each("dashboard.html#bot", "bot", shown)),
        (board, _each("dashboard.html#bot-count", "bot", figures)),
        (board, _each("dashboard.html#bot-profit", "bot", figures)),
    ]


def _decisions(member: Member, bot_id: int) -> str:
    logged = selectors.decision_list(reader=member.actor, bot_id=bot_id)[:DECISIONS]
    rows = list(reversed(selectors.decision_rows(list(logged))))
    return _each("trading/bot.html#decision", "decision", rows)


def _each(template: str, name: str, rows: list[Any] | list[BotCard]) -> str:
    return "".join(render_to_string(template, {name: row}) for row in rows)
