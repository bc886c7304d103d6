"""A job as a value: a name, the function it runs, and when."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork
    from libs.common.runtime.context import ServiceContext

JobFunction = Callable[["UnitOfWork", dict[str, Any]], Awaitable[None]]
Finds = Callable[["ServiceContext", ColumnElement[datetime]], Select[Any]]


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
        finds: `(context, now) -> select` of the rows that a run of a timed job would find, to be answered from an
            index. While there is none, no run is added; once a minute one is, whatever it says.
        in_bulk: there may be very many at once, and each may wait. Such jobs share a quarter of a runner, so that they
            do not hold up what somebody waits for.
    """

    name: str
    run: JobFunction
    every: float | None = None
    max_attempts: int = 8
    lease: float = 60
    hold: float = 10
    finds: Finds | None = None
    in_bulk: bool = False

    @property
    def first_hold(self) -> float:
        """Seconds for which a claim lasts before it is renewed."""
        return float(min(self.hold, self.lease))
