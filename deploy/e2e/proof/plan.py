"""What will go wrong, drawn from a seed: which processes die, which connections break, and at which steps."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.e2e.proof.installation import FORK_SERVER, PROCESSES, SERVERS
from deploy.e2e.proof.proxy import DOWN, UP
from deploy.e2e.proof.steps import STEPS
from libs.common.runtime.registry import NAMES

KILL, STEP, FREEZE, CUT, REFUSE, STALL, DELAY, ONE_WAY = (
    "kill",
    "step",
    "freeze",
    "cut",
    "refuse",
    "stall",
    "delay",
    "one-way",
)
DEADLY = frozenset({KILL, STEP})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: what, where, for how long; `share` of the connections, or seconds of delay."""

    kind: str
    where: str
    seconds: float = 0.0
    share: float = 1.0
    direction: str = ""

    def __str__(self) -> str:
        more = f" {self.direction}" if self.direction else ""
        return f"{self.kind} {self.where}{more}" + (f" for {self.seconds:.1f} s" if self.seconds else "")


# The heart of the story dies more often than its edges.
_WEIGHTS = {"orders": 4, "payments": 4, "catalog": 4, "gateway": 3, "identity": 2, "crm": 2}
_LINKS = (*(f"{name}-postgres" for name in NAMES), *(f"gateway-{name}" for name in NAMES), "all-rabbitmq")


def make_plan(seed: int, kills: int, *, steps: Sequence[str] | None = None) -> list[Fault]:
    """So many deaths with as many broken connections between them. `steps` are the moments, all of them by default.

    About half of the deaths are at steps, each at another one, and all of those in the first two thirds of the plan: to
    some steps few clients come, and they must have the time.
    """
    chance = random.Random(f"{seed} plan")
    moments = list(steps if steps is not None else (step.moment for step in STEPS))
    chance.shuffle(moments)
    targets = [*PROCESSES, FORK_SERVER, *SERVERS]
    weights = [_WEIGHTS.get(name, 1) for name in targets]
    faults: list[Fault] = []
    at_steps = min(len(moments), (kills + 1) // 2) if steps is None else min(len(moments), kills)
    early = set(chance.sample(range(max(at_steps, 2 * kills // 3)), at_steps))
    at = iter(moments)
    for number in range(kills):
        death = Fault(STEP, next(at)) if number in early else Fault(KILL, chance.choices(targets, weights)[0])
        faults += [death, _broken(chance)]
    return faults


def _broken(chance: random.Random) -> Fault:
    where = chance.choice((*_LINKS, "all-rabbitmq"))
    kind = chance.choice((CUT, CUT, REFUSE, STALL, DELAY, ONE_WAY, FREEZE))
    if kind == CUT:
        return Fault(CUT, where, share=chance.choice((0.3, 0.6, 1.0)))
    if kind == DELAY:
        return Fault(DELAY, where, seconds=chance.uniform(1, 3), share=chance.uniform(0.01, 0.1))
    if kind == ONE_WAY:
        return Fault(ONE_WAY, where, seconds=chance.uniform(0.5, 2.5), direction=chance.choice((UP, DOWN)))
    if kind == FREEZE:
        return Fault(FREEZE, chance.choice(PROCESSES), seconds=chance.uniform(0.5, 3))
    return Fault(kind, where, seconds=chance.uniform(0.5, 3))
