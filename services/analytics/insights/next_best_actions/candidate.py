"""What rules find, and what they are given to find it with."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from services.analytics.insights.evidence import Refusal
from services.analytics.insights.intervals import wilson

_IDS = UUID("0198c0de-7a00-5000-8000-6e6261000000")


@dataclass(frozen=True, slots=True)
class Chance:
    """A share of past cases, with Wilson's interval; `value` is the middle of it, half where there is no case."""

    hits: int
    trials: int
    of: str

    @property
    def interval(self) -> tuple[float, float]:
        """Between these the true share is likely to lie."""
        return wilson(self.hits, self.trials)

    @property
    def value(self) -> float:
        """What to reckon with: near a half while there are few cases."""
        return sum(self.interval) / 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to do about a thing.

    `value` is what is at stake in minor units of the question's currency, `since` when it came to be due, `evidence` what
    was seen, as the API shows it.
    """

    kind: str
    object_type: str
    object_id: UUID
    title: str | None
    href: str
    action: str
    suggestion: str
    explanation: str
    since: datetime
    value: int | None = None
    chance: Chance | None = None
    deal_id: UUID | None = None
    assignee_id: UUID | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The same for the same thing to do, whenever it is asked for."""
        return uuid5(_IDS, f"{self.kind} {self.object_id}")

    @property
    def score(self) -> int:
        """Value at stake times probability, in minor units; nothing where no money is known."""
        return round((self.value or 0) * (self.chance.value if self.chance else 1.0))

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands: the highest score first, then what has been due longest."""
        return (-self.score, self.since.isoformat(), str(self.id))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: by whose clock, in which currency, whose and of which deal. `midnight` began `today`."""

    now: datetime
    today: date
    midnight: datetime
    currency: str
    assignee_id: frozenset[UUID | None] = frozenset()
    deal_id: frozenset[UUID] = frozenset()

    def start_of(self, day: date) -> datetime:
        """When a day before today began, give or take a change of clocks: the same whenever it is asked today."""
        return self.midnight - (self.today - day)


@dataclass(frozen=True, slots=True)
class Found:
    """What a kind of rule came to: candidates, or why none can be told."""

    candidates: list[Candidate]
    refused: Refusal | None = None
