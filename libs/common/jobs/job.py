"""A job as a value: a name, the function it runs, and when."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork

JobFunction = Callable[["UnitOfWork", dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Background work of one service.

    Attributes:
        name: unique in the service, e.g. `expire_orders`.
        run: `async (uow, args)`; its effect and the end of the job are one commit. A timed job runs in the
            platform scope, a deferred one in the tenant that deferred it.
        every: seconds between runs, for a timed job; None for one that is only deferred.
        max_attempts: tries before the job is given up and shown as dead.
        lease: seconds a run may take; then it is ended, and tried again later.
        hold: seconds for which a claim lasts. It is renewed while the run goes on, so that a job whose worker died is
            taken over this soon, however long a run may take.
    """

    name: str
    run: JobFunction
    every: float | None = None
    max_attempts: int = 8
    lease: float = 60
    hold: float = 10

    @property
    def first_hold(self) -> float:
        """Seconds for which a claim lasts before it is renewed."""
        return float(min(self.hold, self.lease))
