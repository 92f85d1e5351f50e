"""Facts about bots, plans and orders. Ids and codes only; receivers read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BotCreated(Event):
    topic: ClassVar[str] = "trading.bot.created"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUpdated(Event):
    topic: ClassVar[str] = "trading.bot.updated"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotStarted(Event):
    topic: ClassVar[str] = "trading.bot.started"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotStopped(Event):
    topic: ClassVar[str] = "trading.bot.stopped"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotPaused(Event):
    topic: ClassVar[str] = "trading.bot.paused"
    bot_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotResumed(Event):
    topic: ClassVar[str] = "trading.bot.resumed"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotDeleted(Event):
    topic: ClassVar[str] = "trading.bot.deleted"
    bot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingHalted(Event):
    topic: ClassVar[str] = "trading.account.halted"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingResumed(Event):
    topic: ClassVar[str] = "trading.account.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOpened(Event):
    """The gate let it through; it and its first orders are stored."""

    topic: ClassVar[str] = "trading.plan.opened"
    plan_id: int
    bot_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQueued(Event):
    """Its first orders stand PLANNED in the database: a worker may claim them."""

    topic: ClassVar[str] = "trading.plan.queued"
    plan_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDenied(Event):
    topic: ClassVar[str] = "trading.plan.denied"
    plan_id: int
    bot_id: int | None
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSubmitted(Event):
    """Its planned orders were claimed: from now on the venue may have them."""

    topic: ClassVar[str] = "trading.plan.submitted"
    plan_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContinued(Event):
    """A further order was planned: the second leg, a completion or an unwind."""

    topic: ClassVar[str] = "trading.plan.continued"
    plan_id: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHoldingAsked(Event):
    """The venue refused to close for want of funds and was asked what it holds; held as text."""

    topic: ClassVar[str] = "trading.plan.holding_asked"
    plan_id: int
    order_id: int
    held: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMismatch(Event):
    """Looking again found a plan that contradicts its own fills; kind says how."""

    topic: ClassVar[str] = "trading.plan.mismatch"
    plan_id: int
    bot_id: int | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRetried(Event):
    """A person asked to try once more to close what a plan left."""

    topic: ClassVar[str] = "trading.plan.retried"
    plan_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHandled(Event):
    """A person took care of what a plan left, and said how."""

    topic: ClassVar[str] = "trading.plan.handled"
    plan_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClosed(Event):
    """Finished and booked. status is DONE, FAILED, UNWOUND or NEEDS_ATTENTION."""

    topic: ClassVar[str] = "trading.plan.closed"
    plan_id: int
    bot_id: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Event):
    topic: ClassVar[str] = "trading.order.placed"
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(Event):
    topic: ClassVar[str] = "trading.order.denied"
    order_id: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(Event):
    topic: ClassVar[str] = "trading.order.submitted"
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(Event):
    """The venue told something: fills were booked or the status changed."""

    topic: ClassVar[str] = "trading.order.updated"
    order_id: int
    status: str
    fills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused(Event):
    topic: ClassVar[str] = "trading.order.rejected"
    order_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(Event):
    topic: ClassVar[str] = "trading.order.expired"
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbJobCreated(Event):
    topic: ClassVar[str] = "trading.arb_job.created"
    job_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbJobDecided(Event):
    topic: ClassVar[str] = "trading.arb_job.decided"
    job_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingStateChanged(Event):
    """Of a bot, or REDUCING of a workspace, or of the platform (workspace_id 0)."""

    topic: ClassVar[str] = "trading.state.changed"
    scope: str
    bot_id: int | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillRequested(Event):
    """workspace_id 0: the whole platform."""

    topic: ClassVar[str] = "trading.kill.requested"
    run_id: int
    scope: str
    bot_id: int | None
    command: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillFinished(Event):
    topic: ClassVar[str] = "trading.kill.finished"
    run_id: int
    bot_id: int | None
    command: str
    status: str
    report_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered(Event):
    """The price that it waited for was reached: it is sent now, or once its twin is out."""

    topic: ClassVar[str] = "trading.order.triggered"
    order_id: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(Event):
    """The venue may have it: it is asked to cancel until the order is over."""

    topic: ClassVar[str] = "trading.order.cancel_requested"
    order_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Event):
    """Cancelled before the venue ever had it."""

    topic: ClassVar[str] = "trading.order.cancelled"
    order_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWarned(Event):
    """What an armed order needs is missing (a live book), or is there again (code "")."""

    topic: ClassVar[str] = "trading.order.warned"
    order_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupPlaced(Event):
    topic: ClassVar[str] = "trading.order_group.placed"
    group_id: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupMoved(Event):
    """One of its orders was released, armed, resized, replaced or cancelled by the machine."""

    topic: ClassVar[str] = "trading.order_group.moved"
    group_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGroupClosed(Event):
    topic: ClassVar[str] = "trading.order_group.closed"
    group_id: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAdopted(Event):
    """The venue knows an order that had no row here. origin: EXTERNAL or ADOPTED."""

    topic: ClassVar[str] = "trading.order.adopted"
    order_id: int
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReopened(Event):
    """Closed here, working at the venue: live again. cancel: nobody wants it any more."""

    topic: ClassVar[str] = "trading.order.reopened"
    order_id: int
    before: str
    cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderVanished(Event):
    """Acknowledged once, and the venue knows it no more."""

    topic: ClassVar[str] = "trading.order.vanished"
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCompared(Event):
    """Its alignment changed. status: ALIGNED, CHECKING, UNALIGNED or UNKNOWN."""

    topic: ClassVar[str] = "trading.connection.compared"
    connection_id: int
    status: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotRestarted(Event):
    """After an unclean end its owner's choice was carried out, or failed."""

    topic: ClassVar[str] = "trading.bot.restarted"
    bot_id: int
    policy: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsChanged(Event):
    """Of a scope; workspace_id 0: of the platform or of a plan."""

    topic: ClassVar[str] = "trading.limits.changed"
    scope: str
    bot_id: int | None
    plan_code: str
    names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveUnlocked(Event):
    """Real money may be traded by a bot, or by hand on a connection. One of the two is None."""

    topic: ClassVar[str] = "trading.live.unlocked"
    bot_id: int | None
    connection_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRelocked(Event):
    """reason: a code of domain/live.FAULTS."""

    topic: ClassVar[str] = "trading.live.locked"
    bot_id: int | None
    connection_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotCopied(Event):
    topic: ClassVar[str] = "trading.bot.copied"
    bot_id: int
    source_id: int
    mode: str
