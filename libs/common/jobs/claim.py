"""A job in hand, and how it may be taken out of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.common.jobs.job import Job

# The key of a timed job: while one run of it is unfinished, no other is added.
TICK = "@tick"


class LeaseLost(Exception):
    """The run took longer than its lease and another worker has the job; this run's effect is rolled back."""


class Interrupted(Exception):
    """The process ended before the run did; it does not count as an attempt."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one job, which this process has to itself until its hold runs out."""

    id: UUID
    job: Job
    tenant_id: UUID | None
    key: str | None
    args: dict[str, Any]
    attempts: int
