"""Writing jobs: rows inserted in the transaction of the change that wants the work done.

Those for which this process has room begin with the commit: their rows are claimed already, and nobody need look for them.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import Double, bindparam, func
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, Run
from libs.common.db.exchange import Answer
from libs.common.ids import new_id
from libs.common.jobs.claim import Claim

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext


def job_row(
    name: str, args: dict[str, Any], *, tenant_id: UUID | None, run_at: datetime, key: str | None
) -> dict[str, Any]:
    """The columns of a job. Two tenants may use the same key, so the tenant is part of the stored one."""
    return {
        "id": new_id(),
        "tenant_id": tenant_id,
        "name": name,
        "key": f"{tenant_id or 'platform'}:{key}" if key is not None else None,
        "args": args,
        "run_at": run_at,
        "attempts": 0,
        "hold": None,
    }


@cache
def job_insert(table: Any) -> Direct:
    """The INSERT of such a row; one whose name and key equal those of an unfinished job is left out."""
    names = ("id", "tenant_id", "name", "key", "args", "run_at", "attempts")
    values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
    hold = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("hold", type_=Double))
    values["locked_until"] = func.clock_timestamp() + hold
    return Direct(insert(table).values(values).on_conflict_do_nothing())


class Added:
    """The jobs among the statements of a commit: `claim` those for which this process has room, `begin` them after it.

    Whatever happens, `close` gives back the places of those that were not begun.

    Attributes:
        are_left: whether there are others, which the runner has to look for.
    """

    def __init__(self, context: "ServiceContext") -> None:
        self._runner = context.jobs
        self._insertion = job_insert(context.models.job.__table__)
        self._claims: dict[int, Claim] = {}
        self.are_left = False

    def claim(self, runs: Sequence[Run]) -> None:
        """Let the rows of jobs say that they are claimed, before they are sent."""
        for place, (statement, row) in enumerate(runs):
            if statement is not self._insertion:
                continue
            claim = self._runner.reserve(row) if self._runner is not None else None
            if claim is None:
                self.are_left = True
            else:
                self._claims[place] = claim
                cast(dict[str, Any], row).update(attempts=claim.attempts, hold=claim.job.first_hold)

    def begin(self, answers: Sequence[Answer]) -> None:
        """Start those that were added; one whose key is that of an unfinished job was not."""
        for place in [place for place in self._claims if answers[place].number]:
            assert self._runner is not None
            self._runner.begin(self._claims.pop(place))

    def close(self) -> None:
        """Give back what is left."""
        for claim in self._claims.values():
            assert self._runner is not None
            self._runner.give_up(claim)
        self._claims.clear()
