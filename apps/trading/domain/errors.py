"""What can go wrong with bots, plans and orders, and what to do about it."""

from __future__ import annotations

from apps.core.domain.errors import (
    Conflict,
    InputInvalid,
    NotAllowed,
    NotFound,
    RiskRefused,
    gettext_noop,
)


class RiskLimitBreached(RiskRefused):
    code = "RSK-0401"
    template = gettext_noop("Nothing was sent. The rule {rule} refused: {reason}")


class BotMissing(NotFound):
    code = "NFD-0401"
    template = gettext_noop("There is no such bot.")


class StrategyMissing(NotFound):
    code = "NFD-0402"
    template = gettext_noop("There is no strategy called {strategy}.")


class OrderMissing(NotFound):
    code = "NFD-0403"
    template = gettext_noop("There is no such order.")


class PlanRecordMissing(NotFound):
    code = "NFD-0404"
    template = gettext_noop("There is no such plan.")


class ArbJobMissing(NotFound):
    code = "NFD-0405"
    template = gettext_noop("There is no such arbitrage job.")


class ChannelMissing(NotFound):
    code = "NFD-0406"
    template = gettext_noop("There is no such live channel.")


class VenuesTooFew(InputInvalid):
    code = "VAL-0401"
    template = gettext_noop("Arbitrage needs connections at two or more different venues.")


class ConnectionUnfit(InputInvalid):
    code = "VAL-0402"
    template = gettext_noop(
        "The connection {label} cannot trade for a bot: it must be active and for trading."
    )


class PairUntradable(InputInvalid):
    code = "VAL-0403"
    template = gettext_noop(
        "{symbol} is not traded at two of the chosen venues. Choose another pair."
    )


class BotNameTaken(Conflict):
    code = "CNF-0401"
    template = gettext_noop("You already have a bot called {name}. Choose another name.")


class BotIsRunning(Conflict):
    code = "CNF-0402"
    template = gettext_noop("The bot {name} is running. Stop it first.")


class OrderTransitionInvalid(Conflict):
    code = "CNF-0403"
    template = gettext_noop("An order that is {current} cannot become {target}.")


class TradingIsHalted(Conflict):
    code = "CNF-0404"
    template = gettext_noop("Trading is halted. Resume it first.")


class LeaseLost(Conflict):
    code = "CNF-0405"
    template = gettext_noop("Another engine runs this bot now. Nothing was sent.")


class BotHasOpenPlans(Conflict):
    code = "CNF-0406"
    template = gettext_noop("The bot {name} still has open trades. Wait until they are finished.")


class LiveTradingClosed(NotAllowed):
    code = "PRM-0401"
    template = gettext_noop(
        "Bots do not trade on test networks: the prices there are not the market's. "
        "Choose PAPER or LIVE."
    )


# --- HALT, CANCEL and FLATTEN


class KillRunMissing(NotFound):
    code = "NFD-0451"
    template = gettext_noop("There is no such stop command.")


class PlatformNeedsStaff(NotAllowed):
    code = "PRM-0451"
    template = gettext_noop("Only staff can stop or resume the whole platform.")


class KillCommandUnknown(InputInvalid):
    code = "VAL-0451"
    template = gettext_noop("{command} is no stop command. Choose HALT, CANCEL or FLATTEN.")


class KillScopeIncomplete(InputInvalid):
    code = "VAL-0452"
    template = gettext_noop("Say which bot is meant: bot_id goes with the scope BOT and no other.")


# --- single orders and groups of orders


class OrderFieldsWrong(InputInvalid):
    """`details`: {field: [sentence]}."""

    code = "VAL-0421"
    template = gettext_noop("The order cannot be placed like this. See each field.")


class OrderGroupMissing(NotFound):
    code = "NFD-0421"
    template = gettext_noop("There is no such group of orders.")


class OrderIsOver(Conflict):
    code = "CNF-0421"
    template = gettext_noop("This order is over. There is nothing to change.")


class OrderInGroup(Conflict):
    code = "CNF-0422"
    template = gettext_noop("This order belongs to a group. Cancel the group and place it anew.")


# --- plans that ask for a person


class PlanNotWaiting(Conflict):
    code = "CNF-0471"
    template = gettext_noop("This trade does not wait for anybody. There is nothing to do.")


class UnwindLossWrong(InputInvalid):
    code = "VAL-0471"
    template = gettext_noop("The largest loss must be above 0 % and at most 50 %.")


class PlanHandlingUnexplained(InputInvalid):
    code = "VAL-0472"
    template = gettext_noop("Say how it was handled. The sentence is kept with the trade.")


class LimitsWrong(InputInvalid):
    """details: {limit: [sentences]}."""

    code = "VAL-0411"
    template = gettext_noop("Some limits cannot be set like this. Nothing was changed.")


class LimitsLoosened(Conflict):
    """details: {"confirm": [names]}."""

    code = "CNF-0411"
    template = gettext_noop("This loosens limits that protect you. Confirm that you want it.")


class RiskDecisionMissing(NotFound):
    code = "NFD-0411"
    template = gettext_noop("There is no such decision.")


# --- tickets


class IdempotencyKeyMissing(InputInvalid):
    code = "VAL-0422"
    template = gettext_noop(
        "Send an Idempotency-Key header: a repeat of this request then places nothing twice."
    )


# --- real money


class LiveLocked(NotAllowed):
    """details: {"reason": code, "missing": [codes]}."""

    code = "PRM-0461"
    template = gettext_noop("Real money is locked for {name}. Unlock it first. {why}")


class ConnectionModeWrong(InputInvalid):
    """details: {"venues": [sentence]}."""

    code = "VAL-0461"
    template = gettext_noop("A {mode} bot needs {mode} connections; {label} is {theirs}.")


class LiveNameWrong(InputInvalid):
    code = "VAL-0462"
    template = gettext_noop("Type the name {name} exactly. Nothing was unlocked.")


class LiveConditionsUnmet(Conflict):
    """details: {"missing": [codes]}."""

    code = "CNF-0461"
    template = gettext_noop("Real money stays locked: not every condition is met.")


# --- capital of a bot


class CapitalNotFree(InputInvalid):
    """details: {"capital": [sentence]}."""

    code = "VAL-0481"
    template = gettext_noop(
        "The bot's capital is not free: {needed} {asset} at {venue} are needed, {free} are free."
    )


class CapitalUnpriced(InputInvalid):
    """details: {"capital": [sentence]}."""

    code = "VAL-0482"
    template = gettext_noop(
        "No live price of {symbol} is known, so the bot's capital cannot be split. Try again."
    )
