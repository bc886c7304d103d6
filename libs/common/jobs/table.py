"""The table of jobs as its runners use it: every statement that looks for, claims, keeps and ends jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import DateTime, literal_column, text
from sqlalchemy.exc import SQLAlchemyError

from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.jobs.claim import TICK, Claim
from libs.common.jobs.job import Job

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

# Where the time goes in the statement of a look, and what stands there while its parts are made.
_NOW = "CAST(:now AS timestamptz)"
_NOW_MARK = "<now>"
# So far apart the clocks of two machines may be. A tick of a later time is from before a clock was set back.
SKEW_SECONDS = 10.0
_MINE = "id = :id AND attempts = :attempts AND finished_at IS NULL AND dead_at IS NULL"


class JobTable:
    """The jobs of one service. Dueness is by the clock of the context, claims are by the clock of the database."""

    def __init__(self, context: "ServiceContext", jobs: Mapping[str, Job]) -> None:
        self._context = context
        self._jobs = jobs
        table, schedule = context.models.job.__table__, context.models.schedule.__table__
        self._table, self._schedule = (
            f'"{table.schema}"."{table.name}"',
            f'"{schedule.schema}"."{schedule.name}"',
        )
        # Materialised: a plan that ran the inner select once per row would claim more than there is room for.
        due = (
            f"SELECT id FROM {self._table} WHERE finished_at IS NULL AND dead_at IS NULL AND run_at <= :now "
            "AND (locked_until IS NULL OR locked_until < now()) AND name = ANY({names}) "
            "ORDER BY run_at LIMIT {room} FOR UPDATE SKIP LOCKED"
        )
        others = due.format(names=":others", room="CAST(:room AS bigint) - (SELECT count(*) FROM in_bulk)")
        self._claim_statement = _direct(
            f"WITH in_bulk AS MATERIALIZED ({due.format(names=':in_bulk', room=':bulk_room')}), "
            f"other AS MATERIALIZED ({others}), "
            "due AS (SELECT id FROM in_bulk UNION ALL SELECT id FROM other) "
            f"UPDATE {self._table} AS job SET attempts = job.attempts + 1, "
            "locked_until = now() + known.lease * interval '1 second' "
            "FROM due, unnest(CAST(:names AS text[]), CAST(:leases AS float8[])) AS known (name, lease) "
            "WHERE job.id = due.id AND known.name = job.name "
            "RETURNING job.id, job.name, job.tenant_id, job.key, job.args, job.attempts"
        )
        self._known = {
            "names": list(self._jobs),
            "leases": [job.first_hold for job in self._jobs.values()],
            "in_bulk": [job.name for job in self._jobs.values() if job.in_bulk],
            "others": [job.name for job in self._jobs.values() if not job.in_bulk],
        }
        # One round trip that changes nothing, for the many times when there is nothing to do.
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in self._jobs)
        self._finding = [job for job in self._jobs.values() if job.finds is not None]
        looks = (
            f"EXISTS (SELECT FROM {self._table} WHERE finished_at IS NULL AND dead_at IS NULL "
            f"AND run_at <= {_NOW} AND name IN ({names}) AND (locked_until IS NULL OR locked_until < now()))",
            *(f"EXISTS ({self._found_by(job)})" for job in self._finding),
        )
        self._look_statement = _direct(f"SELECT {', '.join(looks)}")
        self._remove_statement = _direct(f"DELETE FROM {self._table} WHERE {_MINE}")
        self._finish_statement = _direct(
            f"UPDATE {self._table} SET finished_at = :now, locked_until = NULL, last_error = NULL WHERE {_MINE}"
        )
        # Who wins the tick of a job adds its run, and has claimed it already where there is room for it.
        self._tick_statement = _direct(
            "WITH due AS (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:every AS float8[]), "
            "CAST(:ids AS uuid[]), CAST(:leases AS float8[])) AS due (name, every, id, lease)), "
            f"won AS (INSERT INTO {self._schedule} AS known (name, last_tick) "
            "SELECT name, :now FROM due ORDER BY name ON CONFLICT (name) DO UPDATE "
            "SET last_tick = excluded.last_tick WHERE known.last_tick <= excluded.last_tick "
            "- (SELECT every FROM due WHERE due.name = known.name) * interval '1 second' "
            "OR known.last_tick > excluded.last_tick + :skew * interval '1 second' RETURNING name), "
            f"added AS (INSERT INTO {self._table} (id, name, key, args, run_at, attempts, locked_until) "
            f"SELECT id, name, '{TICK}', '{{}}', :now, CASE WHEN lease > 0 THEN 1 ELSE 0 END, "
            "CASE WHEN lease > 0 THEN now() + lease * interval '1 second' END "
            "FROM due JOIN won USING (name) ORDER BY name ON CONFLICT DO NOTHING RETURNING id) "
            "SELECT due.name, won.name IS NOT NULL AS is_won, added.id AS added, known.last_tick "
            f"FROM due LEFT JOIN won USING (name) LEFT JOIN added USING (id) LEFT JOIN {self._schedule} AS known "
            "ON known.name = due.name"
        )

    def _found_by(self, job: Job) -> str:
        """What a job looks for, as a statement with a place for the time."""
        assert job.finds is not None
        found = job.finds(self._context, literal_column(_NOW_MARK, DateTime(timezone=True)))
        compiled = found.compile(dialect=self._context.engine.dialect, compile_kwargs={"literal_binds": True})
        # It becomes part of a text, where a colon begins a parameter and a percent sign is plain.
        return str(compiled).replace("%%", "%").replace(":", r"\:").replace(_NOW_MARK, _NOW)

    async def look(self) -> tuple[bool, set[str]]:
        """Whether a claim would find something, and which timed jobs would; in doubt all."""
        try:
            async with self._context.unit_of_work(platform=True) as uow:
                now = self._context.clock.now()
                ((is_any_due, *found),) = await self._look_statement.all_at_once(uow, now=now)
        except SQLAlchemyError:
            return True, {job.name for job in self._finding}
        return is_any_due, {job.name for job, is_one in zip(self._finding, found, strict=True) if is_one}

    async def claim(self, room: int, bulk_room: int) -> list[Claim]:
        """Take so many of the jobs that are due, and of those in bulk no more than `bulk_room`."""
        async with self._context.unit_of_work(platform=True) as uow:
            values = {**self._known, "now": self._context.clock.now()}
            values |= {"room": room, "bulk_room": min(room, bulk_room)}
            rows = await self._claim_statement.all(uow, **values)
        return [
            Claim(job_id, self._jobs[name], tenant_id, key, args, attempts)
            for job_id, name, tenant_id, key, args, attempts in rows
        ]

    async def tick(
        self, due: Sequence[Job], room: int, now: datetime
    ) -> dict[str, tuple[bool, UUID | None, datetime | None]]:
        """Add the runs of timed jobs, the first `room` of them claimed; one statement lets one process win each.

        By the name of a job: whether this process won its tick, the id of the run if one was added, and when another
        process won it last.
        """
        values = {
            "names": [job.name for job in due],
            "every": [float(job.every or 0) for job in due],
            "ids": [new_id() for _ in due],
            "leases": [job.first_hold if place < room else 0.0 for place, job in enumerate(due)],
            "now": now,
            "skew": SKEW_SECONDS,
        }
        async with self._context.unit_of_work(platform=True) as uow:
            return {
                name: (is_won, added, last_tick)
                for name, is_won, added, last_tick in await self._tick_statement.all(uow, **values)
            }

    async def renew(self, claim: Claim) -> None:
        """Hold a claim for longer."""
        renew = text(
            f"UPDATE {self._table} SET locked_until = now() + :hold * interval '1 second' WHERE {_MINE}"
        )
        values = {"id": claim.id, "attempts": claim.attempts, "hold": claim.job.first_hold}
        async with self._context.unit_of_work(platform=True) as uow:
            await uow.session.execute(renew, values)

    async def finish(self, uow: UnitOfWork, claim: Claim) -> bool:
        """End a job in the commit of its effect; whether it was still this process's."""
        # The schedule tells when a timed job last ran; a row for each of its runs would tell nothing more.
        mine = {"id": claim.id, "attempts": claim.attempts}
        if claim.key == TICK:
            return bool(await self._remove_statement.run(uow, **mine))
        return bool(await self._finish_statement.run(uow, **mine, now=uow.now))

    async def give_back(self, claim: Claim, change: str, values: Mapping[str, Any]) -> None:
        """End an attempt that did not finish its job; `change` is what is set besides, with its values."""
        async with self._context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                text(f"UPDATE {self._table} SET locked_until = NULL, {change} WHERE {_MINE}"),
                {**values, "id": claim.id, "attempts": claim.attempts},
            )

    async def waiting(self) -> tuple[int, float, int]:
        """How many jobs are due, for how many seconds the oldest has been, and how many were given up."""
        async with self._context.unit_of_work(platform=True) as uow:
            statement = text(
                "SELECT count(*) FILTER (WHERE dead_at IS NULL AND run_at <= :now), "
                "min(run_at) FILTER (WHERE dead_at IS NULL AND run_at <= :now), "
                f"count(*) FILTER (WHERE dead_at IS NOT NULL) FROM {self._table} WHERE finished_at IS NULL"
            )
            due, oldest, dead = (await uow.session.execute(statement, {"now": uow.now})).one()
            return due, (uow.now - oldest).total_seconds() if oldest else 0.0, dead


def _direct(statement: str) -> Direct:
    return Direct(text(statement))
