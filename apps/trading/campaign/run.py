"""One seed from start to verdict: a scenario played on forked processes, then the comparison."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection

from apps.trading.campaign import crashes, roles, trading_desk, witness
from apps.trading.campaign.children import Child, Ending, Note
from apps.trading.campaign.clock import WorldClock
from apps.trading.campaign.desk import Desk, desks_close, desks_make
from apps.trading.campaign.post import Letter, PostOffice
from apps.trading.campaign.scenario import INSTANCES, MIDDLES, PLACE, Process, Scenario, dice
from apps.trading.campaign.venue import Book, VenueControl

SETTLES = 20  # rounds until everything must be at rest
SETTLE_STEP = 7.0  # seconds of the world between two of them
CALM = Process(None, 0.0)
SILENCE = {"kind": "accept_then_timeout", "endpoint": PLACE, "count": 1}


@dataclass(frozen=True, slots=True)
class World:
    """What the runs of one lane share."""

    clock: WorldClock
    office: PostOffice
    venue: VenueControl

    def passes(self, seconds: float) -> None:
        """Time goes on, first at the venue: nobody is ever ahead of it by this."""
        if seconds:
            ahead = self.clock.ahead + seconds
            for instance in INSTANCES:
                self.venue.set_clock(instance, ahead)
            self.clock.set(ahead)


@dataclass
class Verdict:
    """What one run came to. `trail` tells it from the start, for who has to find the cause."""

    seed: int
    found: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Run:
    """Plays one scenario. `sabotage` spoils something in each worker, for the self-test."""

    def __init__(
        self, world: World, scenario: Scenario, sabotage: Callable[[], None] | None = None
    ) -> None:
        self.world, self.scenario, self.sabotage = world, scenario, sabotage
        self.verdict = Verdict(scenario.seed)
        self.desks: list[Desk] = []
        self.shelf: dict[tuple[str, str], Book] = {}
        self._waiting: list[Letter] = []
        self._letters = 0

    def play(self) -> Verdict:
        began = time.monotonic()
        self._meet()
        for turn in range(self.scenario.rounds() if self.desks else 0):
            self._round(turn)
        if self.desks:
            self._settle()
            self._compare()
            self._one("desks", partial(desks_close, desks=self.desks))
            self.world.office.collect()
        self.verdict.seconds = time.monotonic() - began
        return self.verdict

    # --- the parts of a run

    def _meet(self) -> None:
        """Everybody opens accounts, while all is well."""
        self._clear()
        self.world.office.collect()
        name = f"s{self.scenario.seed}.{time.monotonic_ns()}"
        end = self._one("desks", lambda _: [d.tell() for d in desks_make(self.scenario, name)])
        if not isinstance(end.result, list):
            self.verdict.found.append(f"the run could not begin: {end.error}")
            return
        self.desks = [Desk.read(told) for told in end.result]
        self.world.office.collect()

    def _round(self, turn: int) -> None:
        part = self.scenario
        self._tell(f"round {turn}")
        for book in part.books(turn):
            self._quote(book)
        self._go_wrong(turn)
        self._engines(turn)
        self._persons(turn)
        for book in part.surprise(turn):
            self._tell(f"  {book.instance} {book.symbol} becomes {book.bids} {book.asks}")
            self._quote(book)
        if part.halts(turn):
            self._one("halt", lambda note: roles.halt(note, self.desks))
        self._pass(part.passes(turn, "sending"))
        self._deliver(turn)
        self._watch(turn)
        if part.sweeps(turn):
            self._pass(part.passes(turn, "sweeping"))
            self._one("beat", roles.beat, part.process(turn, "beat"))
            self._deliver(turn)
        if part.halts(turn):
            self._one("resume", lambda note: roles.resume(note, self.desks))
        self._clear()
        self._pass(part.passes(turn, "ending"))

    def _go_wrong(self, turn: int) -> None:
        """The venues' faults of the round; a sabotage gets an occasion in each."""
        faults = self.scenario.faults(turn)
        if self.sabotage is not None:
            faults += [(instance, SILENCE) for instance in INSTANCES]
        for instance, fault in faults:
            self._tell(f"  {instance} {fault}")
            self.world.venue.fault(instance, fault)

    def _engines(self, turn: int) -> None:
        for person, desk in enumerate(self.desks):
            throw = dice(self.scenario.seed, turn, "symbols", person)
            wanted = throw.choices(list(MIDDLES), k=self.scenario.wishes(turn, person))
            work = partial(
                roles.engine,
                desk=desk,
                symbols=wanted,
                shelf=self.shelf,
                sends=self.scenario.sends_itself(turn, person),
            )
            self._one("engine", work, self.scenario.process(turn, "engine", person))

    def _persons(self, turn: int) -> None:
        """Tickets, cancels and kill switches by hand."""
        part = self.scenario
        for person, desk in enumerate(self.desks):
            process = part.process(turn, "person", person)
            if wanted := part.tickets(turn, person):
                work = partial(trading_desk.tickets, desk=desk, wanted=wanted, shelf=self.shelf)
                self._one("person", work, process)
            if count := part.cancels(turn, person):
                throw = dice(part.seed, turn, "cancelled", person)
                work = partial(trading_desk.cancels, desk=desk, count=count, throw=throw)
                self._one("person", work, process)
            if part.amends(turn, person):
                throw = dice(part.seed, turn, "amended", person)
                self._one("person", partial(trading_desk.amends, desk=desk, throw=throw), process)
            if pressed := part.kills(turn, person):
                command, whole = pressed
                work = partial(trading_desk.killed, desk=desk, command=command, whole=whole)
                self._one("person", work)

    def _watch(self, turn: int) -> None:
        """What looks at everything from time to time: emulator, comparison, guard."""
        part = self.scenario
        work: Callable[[Note], Any] = partial(trading_desk.emulator, shelf=self.shelf)
        self._one("emulator", work, part.process(turn, "emulator"))
        if part.compares(turn):
            work = partial(trading_desk.reconciler, desks=self.desks)
            self._one("reconciler", work, part.process(turn, "reconciler"))
        if any(part.kills(turn, person) for person in range(len(self.desks))):
            work = partial(trading_desk.guard, shelf=self.shelf)
            self._one("guard", work, part.process(turn, "guard"))

    def _quote(self, book: Book) -> None:
        self.shelf[book.instance, book.symbol] = book
        self.world.venue.quote(book)

    def _deliver(self, turn: int) -> None:
        """Everything in the post, by one or two workers at once, as the seed will have it."""
        late: list[Letter] = []
        hands: list[Letter] = []
        for letter in [*self._waiting, *self.world.office.collect()]:
            self._letters += 1
            fate = self.scenario.fate(turn, self._letters)
            if fate.lost:
                self._tell(f"  lost {letter}")
                continue
            (late if fate.late else hands).append(letter)
            if fate.doubled:
                hands.append(letter)
        self._waiting = late
        if not hands:
            return
        count = self.scenario.workers(turn)
        throw = dice(self.scenario.seed, turn, "hands", self._letters)
        throw.shuffle(hands)
        shares = [hands[number::count] for number in range(count)]
        if count == 2 and throw.random() < 0.4:
            shares[1] = [*hands[:1], *shares[1]]  # the same letter in two hands at once
        self._work(turn, shares)

    def _work(self, turn: int, shares: Sequence[list[Letter]]) -> None:
        children = []
        for number, share in enumerate(shares):
            process = self.scenario.process(turn, "worker", self._letters + number)
            child = self._start(f"worker {number}", partial(roles.worker, letters=share), process)
            children.append((child, share))
        if seconds := self.scenario.overtakes(turn):
            time.sleep(0.05)  # let them begin: their orders travel while the world's time passes
            self._pass(seconds)
        for child, share in children:
            end = self._ended(child)
            if end.killed:
                self._waiting += self._left_behind(turn, share, end)

    def _left_behind(self, turn: int, share: list[Letter], end: Ending) -> list[Letter]:
        """What a dead worker had not done. The letter in its hands comes again, or is lost."""
        begun, done = len(end.told("begin")), len(end.told("end"))
        left = share[begun:]
        if begun > done and self.scenario.fate(turn, self._letters * 100 + done).again:
            self._tell(f"  {share[done]} will be delivered again")
            left = [share[done], *left]
        return left

    def _settle(self) -> None:
        """Faults are over. Time passes, beat and workers work, and all must come to rest."""
        for _ in range(SETTLES):
            if self._one("guard", partial(trading_desk.guard, shelf=self.shelf)).result:
                break
            self._pass(SETTLE_STEP)
        self._one("person", partial(trading_desk.all_end, desks=self.desks))
        letters = self._waiting + self.world.office.collect()
        for _ in range(SETTLES):
            self._pass(SETTLE_STEP)
            end = self._one(
                "settler",
                partial(roles.settler, office=self.world.office, letters=letters, desks=self.desks),
            )
            letters = []
            if end.result is True:
                return
        self.verdict.found.append(f"not at rest after {SETTLES * SETTLE_STEP:.0f} s without faults")

    def _compare(self) -> None:
        end = self._one("witness", lambda _: self._testimony())
        if not isinstance(end.result, dict):
            self.verdict.found.append(f"no comparison: {end.error}")
            return
        self.verdict.found += end.result["found"]
        self.verdict.plans.update(end.result["plans"])
        self.verdict.orders.update(end.result["orders"])

    def _testimony(self) -> dict[str, Any]:
        with connection.cursor() as cursor:
            books = witness.books_read(cursor, [desk.workspace_id for desk in self.desks])
        venue = self.world.venue
        ledgers = {
            link["id"]: witness.ledger_ask(venue.url, venue.token, link) for link in books.links
        }
        return {
            "found": witness.discrepancies(books, ledgers, attention=True),
            "plans": Counter(plan["status"] for plan in books.plans),
            "orders": Counter(order["status"] for order in books.orders),
        }

    # --- processes

    def _start(self, role: str, work: Callable[[Note], Any], process: Process = CALM) -> Child:
        if process.crash or process.skew:
            self._tell(f"  {role}: {process.crash or 'lives'}, clock {process.skew:+} s")

        def live(note: Note) -> Any:
            self.world.clock.install(process.skew)
            if self.scenario.plain_venues():
                trading_desk.venues_lose_triggers()
            if self.sabotage is not None:
                self.sabotage()
            if process.crash is not None:
                crashes.arm(process.crash, lambda where: note("crash", where))
            return work(note)

        return Child(role, live)

    def _one(self, role: str, work: Callable[[Note], Any], process: Process = CALM) -> Ending:
        return self._ended(self._start(role, work, process))

    def _ended(self, child: Child) -> Ending:
        end = child.ending()
        self.verdict.trail += [f"  {line}" for line in _told(end)]
        for where in end.told("crash"):
            self.verdict.crashes[where] += 1
        if end.killed and not end.told("crash"):
            self.verdict.crashes["at any moment"] += 1
        if end.hung:
            self.verdict.found.append(f"{end.role} never ended")
        return end

    def _clear(self) -> None:
        for instance in INSTANCES:
            self.verdict.faults += self.world.venue.struck(instance)
            self.world.venue.clear(instance)

    def _pass(self, seconds: float) -> None:
        if seconds:
            self._tell(f"  {seconds} s pass")
        self.world.passes(seconds)

    def _tell(self, line: str) -> None:
        self.verdict.trail.append(line)


def _told(end: Ending) -> Iterator[str]:
    for topic, value in end.notes:
        if topic not in ("begin", "end"):
            yield f"{end.role}: {topic} {value}"
    if end.killed:
        yield f"{end.role} was killed after {len(end.told('end'))} letters"
    if end.error:
        yield f"{end.role} failed: {end.error[-400:]}"
