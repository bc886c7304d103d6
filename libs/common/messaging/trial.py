"""Finds out which delivery a process dies of: what came back time and again is handled alone, and written down before.

The note is a dead letter that is closed already, so it is seen with the others and swept like them; a delivery that
does not come out of its trial alive is opened by the next process that gets it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from libs.common.messaging.dead_letter import dead_letter_id, dead_letter_row
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Subscription

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

# A delivery may come back through no fault of its own: it waited in a process that stopped or was killed.
RETURNS_BEFORE_TRIAL = 2
DEATHS_BEFORE_BURIAL = 3

ON_TRIAL = "being handled alone, since it came back time and again"


@dataclass(frozen=True, slots=True)
class Trial:
    """What the note says: how many processes have died in this trial, or that it ended in a dead letter already."""

    deaths: int
    is_buried: bool = False

    @property
    def is_hopeless(self) -> bool:
        """Whether it is not to be handled again."""
        return self.deaths >= DEATHS_BEFORE_BURIAL


class Trials:
    """The trials of one service; `one` lets no two run at once in a process."""

    def __init__(self, context: "ServiceContext", one: asyncio.Lock) -> None:
        self._context = context
        self._one = one
        self._table: sa.Table = context.models.dead_letter.__table__

    @staticmethod
    def concern(envelope: Envelope) -> bool:
        """Whether a delivery is to be handled alone."""
        return envelope.returns >= RETURNS_BEFORE_TRIAL

    @asynccontextmanager
    async def alone(self, subscription: Subscription, envelope: Envelope) -> AsyncIterator[Trial]:
        """Hold while the delivery is handled; the note is removed at the end, unless the process ends first."""
        async with self._one:
            trial = await self._begin(subscription, envelope)
            yield trial
            if not trial.is_buried:
                await self._end(subscription, envelope)

    async def _begin(self, subscription: Subscription, envelope: Envelope) -> Trial:
        table = self._table
        row = {
            **dead_letter_row(envelope, subscription.name, ON_TRIAL, 1),
            "resolved_at": sa.func.now(),
            "resolution": ON_TRIAL,
        }
        begun = sa.case((table.c.resolution == ON_TRIAL, table.c.attempts + 1), else_=1)
        again = {**row, "attempts": begun}
        statement = (
            insert(table)
            .values(row)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={name: again[name] for name in ("attempts", "resolved_at", "resolution")},
                where=table.c.resolved_at.is_not(None),
            )
            .returning(table.c.attempts)
        )
        async with self._context.unit_of_work(platform=True) as uow:
            begun_so_far = await uow.session.scalar(statement)
        if begun_so_far is None:
            return Trial(0, is_buried=True)
        return Trial(begun_so_far - 1)

    async def _end(self, subscription: Subscription, envelope: Envelope) -> None:
        table = self._table
        async with self._context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                sa.delete(table).where(
                    table.c.id == dead_letter_id(envelope.id, subscription.name),
                    table.c.resolution == ON_TRIAL,
                )
            )
