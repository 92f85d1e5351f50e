"""Shapes of the trading API. Amounts are exact text, times UTC; null is "not known"."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from rest_framework import serializers

from apps.trading.api.fields import AmountField, InstantField, MaybeAmountField
from apps.trading.domain.arb_jobs import ArbJobStatus
from apps.trading.domain.bots import BotStatus, RestartPolicy
from apps.trading.domain.orders import OrderOrigin, OrderStatus
from apps.trading.domain.plans import PlanKind, PlanStatus, Role

Shape = serializers.Serializer[Any]
CAPITAL = "Of the pairs' quote; set aside while the bot runs, others cannot spend it. null: none."


def codes(kind: type[StrEnum]) -> list[str]:
    return [each.value for each in kind]


class Listed(Shape):
    next_cursor = serializers.CharField(
        allow_null=True, help_text="Send as `cursor` for the next page; null: this is the last."
    )


class FillOutput(Shape):
    id = serializers.IntegerField()
    venue_trade_id = serializers.CharField()
    quantity = AmountField(help_text="Base units.")
    price = MaybeAmountField(help_text="Quote per base.")
    price_missing_because = serializers.CharField(allow_blank=True)
    fee = MaybeAmountField()
    fee_asset = serializers.CharField(allow_blank=True)
    fee_missing_because = serializers.CharField(allow_blank=True)
    is_maker = serializers.BooleanField(allow_null=True)
    traded_at = InstantField()
    booked_at = InstantField()


class OrderOutput(Shape):
    id = serializers.IntegerField()
    bot_id = serializers.IntegerField(allow_null=True)
    plan_id = serializers.IntegerField(allow_null=True)
    leg_no = serializers.IntegerField()
    role = serializers.ChoiceField(choices=codes(Role), help_text="Why it exists in its plan.")
    connection_id = serializers.IntegerField()
    venue = serializers.CharField()
    symbol = serializers.CharField()
    client_order_id = serializers.CharField()
    venue_order_id = serializers.CharField(allow_blank=True)
    side = serializers.ChoiceField(choices=["buy", "sell"])
    kind = serializers.CharField()
    time_in_force = serializers.CharField()
    quantity = AmountField(help_text="Base units.")
    filled = AmountField(help_text="Sum of its booked fills.")
    limit_price = MaybeAmountField(help_text="Without a limit of its own: its bound.")
    trigger_price = MaybeAmountField()
    trail = MaybeAmountField(help_text="A fraction.")
    expires_at = InstantField(allow_null=True)
    reduce_only = serializers.BooleanField()
    origin = serializers.ChoiceField(choices=codes(OrderOrigin))
    emulated = serializers.BooleanField(help_text="CRYONEL waits for its trigger, not the venue.")
    triggered_at = InstantField(allow_null=True)
    group_id = serializers.IntegerField(allow_null=True)
    group_role = serializers.CharField(allow_blank=True)
    cancel_requested_at = InstantField(allow_null=True)
    warning = serializers.CharField(allow_blank=True, help_text="BOOK_STALE: no live price now.")
    status = serializers.ChoiceField(choices=codes(OrderStatus))
    reason = serializers.CharField(allow_blank=True)
    placed_at = InstantField()
    valid_until = InstantField()
    sent_at = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)


class OrderDetailOutput(OrderOutput):
    fills = FillOutput(many=True)


class OrderListOutput(Listed):
    items = OrderOutput(many=True)


class ProfitOutput(Shape):
    """spread_captured - fees - slippage = pnl, to the last digit. null until it is closed."""

    spread_captured = MaybeAmountField()
    fees = MaybeAmountField()
    slippage = MaybeAmountField()
    pnl = MaybeAmountField()
    note = serializers.CharField(
        source="pnl_note", allow_blank=True, help_text="What had to be estimated."
    )


class PlanOutput(Shape):
    id = serializers.IntegerField()
    bot_id = serializers.IntegerField(allow_null=True)
    kind = serializers.ChoiceField(choices=codes(PlanKind))
    status = serializers.ChoiceField(choices=codes(PlanStatus))
    reason = serializers.CharField(allow_blank=True)
    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField(help_text="What profit is counted in.")
    quantity = AmountField()
    expected_net = AmountField(help_text="A fraction, when it was decided.")
    expected_profit = AmountField()
    residual = AmountField(help_text="Base bought and not sold; negative: the other way.")
    residuals = serializers.DictField(
        child=serializers.CharField(), help_text="What is left of each asset that is not home."
    )
    home = serializers.ListField(
        child=serializers.CharField(), help_text="The assets it starts from and ends in."
    )
    handled_at = InstantField(allow_null=True)
    handled_reason = serializers.CharField(allow_blank=True)
    profit = ProfitOutput(source="*")
    opened_at = InstantField()
    valid_until = InstantField()
    closed_at = InstantField(allow_null=True)


class LegOutput(Shape):
    """A leg as it was decided."""

    leg_no = serializers.IntegerField()
    connection_id = serializers.IntegerField()
    venue = serializers.CharField()
    side = serializers.ChoiceField(choices=["buy", "sell"])
    limit_price = AmountField()
    reference_price = AmountField(help_text="The best price it was decided on.")
    fee_rate = AmountField(help_text="A fraction.")


class PlanDetailOutput(PlanOutput):
    legs = LegOutput(many=True)
    orders = OrderDetailOutput(many=True)


class PlanUnwindInput(serializers.Serializer[Any]):
    max_loss = serializers.DecimalField(
        max_digits=38,
        decimal_places=18,
        required=False,
        allow_null=True,
        default=None,
        help_text="A new bound for the loss, a fraction of the price.",
    )


class PlanAcknowledgeInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, help_text="How it was handled.")


class PlanListOutput(Listed):
    items = PlanOutput(many=True)


class TradeOutput(Shape):
    """One fill. profit stands on the last fill of a closed plan only: the sum counts once."""

    id = serializers.IntegerField(source="pk")
    at = InstantField()
    bot_id = serializers.IntegerField(allow_null=True)
    bot_name = serializers.CharField(allow_blank=True)
    plan_id = serializers.IntegerField(allow_null=True)
    order_id = serializers.IntegerField()
    venue = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=["buy", "sell"])
    quantity = AmountField()
    price = MaybeAmountField()
    value = MaybeAmountField()
    fee = MaybeAmountField()
    fee_asset = serializers.CharField(allow_blank=True)
    profit = MaybeAmountField()
    quote = serializers.CharField()


class TradeListOutput(Listed):
    items = TradeOutput(many=True)


class QuoteSumOutput(Shape):
    quote = serializers.CharField()
    pnl = AmountField()
    trades = serializers.IntegerField()


class BotProblemOutput(Shape):
    code = serializers.CharField()
    message = serializers.CharField()
    action = serializers.CharField()
    until = InstantField(source="at", allow_null=True)


class SetAsideOutput(Shape):
    connection_id = serializers.IntegerField()
    asset = serializers.CharField()
    amount = AmountField()
    in_use = AmountField(help_text="By its open trades.")


class BotOutput(Shape):
    id = serializers.IntegerField(source="bot.pk")
    name = serializers.CharField(source="bot.name")
    strategy = serializers.CharField(source="bot.strategy")
    mode = serializers.CharField(source="bot.mode")
    status = serializers.ChoiceField(source="bot.status", choices=codes(BotStatus))
    problem = BotProblemOutput(allow_null=True, help_text="Why it waits.")
    params = serializers.DictField(help_text="As the strategy's `params_schema` says.")
    connection_ids = serializers.ListField(child=serializers.IntegerField())
    venues = serializers.ListField(child=serializers.CharField())
    pnl = QuoteSumOutput(many=True, help_text="After all costs, the most traded quote first.")
    on_restart = serializers.ChoiceField(
        source="bot.on_restart", choices=codes(RestartPolicy), help_text="After an unclean end."
    )
    capital = MaybeAmountField(source="bot.capital", help_text=CAPITAL)
    set_aside = SetAsideOutput(many=True, help_text="What stands of it while the bot runs.")
    copied_from = serializers.IntegerField(source="bot.copied_from_id", allow_null=True)
    created_at = InstantField(source="bot.created_at")
    started_at = InstantField(source="bot.started_at", allow_null=True)


class BotListOutput(Listed):
    items = BotOutput(many=True)


class BotInput(Shape):
    name = serializers.CharField(max_length=80)
    strategy = serializers.CharField(max_length=40, default="arbitrage")
    mode = serializers.CharField(max_length=10, default="PAPER")
    params = serializers.DictField(help_text="As GET /strategies describes them.")
    connection_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=50,
        default=list,
    )
    on_restart = serializers.ChoiceField(
        choices=codes(RestartPolicy),
        default=RestartPolicy.RESUME.value,
        help_text="After an unclean end: trade on once compared, or close what it opened and stop.",
    )
    capital = serializers.DecimalField(
        max_digits=38, decimal_places=18, allow_null=True, default=None, help_text=CAPITAL
    )


class BotChange(Shape):
    """What is left out stays. `params` changes the parameters that it names."""

    name = serializers.CharField(max_length=80, required=False)
    params = serializers.DictField(required=False)
    connection_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=50,
        required=False,
    )
    on_restart = serializers.ChoiceField(choices=codes(RestartPolicy), required=False)
    capital = serializers.DecimalField(
        max_digits=38, decimal_places=18, allow_null=True, required=False, help_text=CAPITAL
    )


class DecisionOutput(Shape):
    id = serializers.IntegerField(source="pk")
    at = InstantField()
    verdict = serializers.ChoiceField(
        choices=["TRADED", "SKIPPED", "WAITING", "REFUSED", "STOPPED", "REDUCED"]
    )
    code = serializers.CharField()
    symbol = serializers.CharField(allow_blank=True)
    text = serializers.CharField(help_text="In the caller's language.")
    params = serializers.DictField(help_text="The figures of `text`.")
    count = serializers.IntegerField(help_text="Repeats within its minute.")


class DecisionListOutput(Listed):
    items = DecisionOutput(many=True)


class PositionOutput(Shape):
    asset = serializers.CharField()
    connection_id = serializers.IntegerField()
    held = AmountField()
    reserved = AmountField()
    value = MaybeAmountField(help_text="At live prices.")
    quote = serializers.CharField()
    share = AmountField(help_text="A fraction of this asset over the bot's venues.")
    target = AmountField(help_text="The share it had when the bot was started.")


class AdviceOutput(Shape):
    """A transfer that would restore the wanted shares. CRYONEL cannot withdraw."""

    asset = serializers.CharField()
    quantity = AmountField()
    from_label = serializers.CharField()
    to_label = serializers.CharField()
    value = MaybeAmountField()
    quote = serializers.CharField()


class PositionListOutput(Shape):
    as_of = InstantField(allow_null=True, help_text="The oldest balance among them.")
    items = PositionOutput(source="rows", many=True)
    advice = AdviceOutput(many=True)


class PerformanceOutput(Shape):
    quote = serializers.CharField()
    pnl = AmountField()
    today = AmountField(help_text="Since midnight UTC.")
    trades = serializers.IntegerField(source="trades_count")
    trades_today = serializers.IntegerField()
    win_rate = MaybeAmountField(help_text="A fraction.")
    spread_captured = AmountField(source="captured")
    fees = AmountField()
    slippage = AmountField()
    reserved = AmountField()


class PerformanceListOutput(Shape):
    items = PerformanceOutput(many=True)


class StrategyOutput(Shape):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field called label
    summary = serializers.CharField()
    params_schema = serializers.DictField(help_text="JSON Schema of `params`.")


class StrategyListOutput(Shape):
    items = StrategyOutput(many=True)


class ArbJobInput(Shape):
    pair = serializers.CharField(max_length=40, help_text="Such as BTC/USDT.")
    connection_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=2,
        max_length=50,
    )
    threshold = serializers.CharField(required=False, max_length=40, help_text="Percent.")
    max_slippage = serializers.CharField(required=False, max_length=40, help_text="Percent.")
    notional = serializers.CharField(required=False, max_length=40, help_text="Quote units.")


class ArbJobOutput(Shape):
    id = serializers.IntegerField()
    pair = serializers.CharField()
    connection_ids = serializers.ListField(child=serializers.IntegerField())
    params = serializers.DictField()
    status = serializers.ChoiceField(choices=codes(ArbJobStatus))
    code = serializers.CharField(allow_blank=True, help_text="Why, once it is decided.")
    text = serializers.CharField(allow_blank=True)
    plan_id = serializers.IntegerField(allow_null=True)
    created_at = InstantField()
    decided_at = InstantField(allow_null=True)


class ArbJobListOutput(Listed):
    items = ArbJobOutput(many=True)


class HaltInput(Shape):
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class HaltOutput(Shape):
    halted = serializers.BooleanField()
    at = InstantField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class EquityOutput(Shape):
    value = MaybeAmountField(source="equity")
    currency = serializers.CharField()
    unknown_because = serializers.CharField(allow_blank=True)
    at = InstantField()


class LatencyOutput(Shape):
    """Milliseconds of the latest orders; null: nothing was measured."""

    p50 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()


class LatencyCardOutput(Shape):
    tick_to_order = LatencyOutput()
    round_trip = LatencyOutput()


class DashboardOutput(Shape):
    equity = EquityOutput(allow_null=True, help_text="null: nothing was ever valued.")
    pnl = PerformanceOutput(many=True)
    latency = LatencyCardOutput()
    halt = HaltOutput()
    bots = BotOutput(many=True, help_text="Those that are not stopped.")
