"""All SQL of runs and of the forecasts that they made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, bindparam, cast, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from services.analytics.demand_forecast.history import Named
from services.analytics.demand_forecast.models import DemandForecast, ForecastRun, RunStatus

UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING)


class ForecastRunRepository(Repository[ForecastRun]):
    """Runs of one business."""

    model = ForecastRun

    async def current(self, grain: str, tz: str) -> ForecastRun | None:
        """The run whose forecasts are shown."""
        return await self.find(ForecastRun.grain == grain, ForecastRun.tz == tz, and_(ForecastRun.is_current))

    async def unfinished(self, grain: str, tz: str) -> ForecastRun | None:
        """The run that waits or is under way."""
        return await self.find(
            ForecastRun.grain == grain, ForecastRun.tz == tz, ForecastRun.status.in_(UNFINISHED)
        )

    async def count_unfinished(self) -> int:
        """How many runs wait or are under way."""
        found = self.select().where(ForecastRun.status.in_(UNFINISHED)).subquery()
        return int((await self.session.execute(select(func.count()).select_from(found))).scalar_one())

    async def queue(self, grain: str, tz: str, asked_at: datetime) -> None:
        """Add a run unless one waits or is under way."""
        row = {
            "tenant_id": self.uow.tenant_id,
            "id": new_id(),
            "grain": grain,
            "tz": tz,
            "status": RunStatus.QUEUED,
            "asked_at": asked_at,
            "created_at": self.uow.now,
            "updated_at": self.uow.now,
        }
        await self.session.execute(insert(ForecastRun).values(row).on_conflict_do_nothing())

    async def asked(self, run: ForecastRun, at: datetime) -> None:
        """Note that somebody asked for the forecasts of a run; nothing else of it changes."""
        await self.session.execute(
            update(ForecastRun)
            .where(ForecastRun.tenant_id == run.tenant_id, ForecastRun.id == run.id)
            .values(asked_at=at)
            .execution_options(synchronize_session=False)
        )

    async def retire(self, run: ForecastRun) -> None:
        """Show the forecasts of a run no more, and remove them."""
        run.is_current = False
        await self.save(run)
        await ForecastRepository(self.uow).remove(run.id)

    async def least_asked(self, kept: int) -> list[ForecastRun]:
        """The runs that are shown, without so many that were asked for last."""
        statement = self.select().where(ForecastRun.is_current)
        order = ForecastRun.asked_at.desc(), ForecastRun.id
        return list((await self.session.execute(statement.order_by(*order).offset(kept))).scalars())

    async def forget(self, before: datetime) -> None:
        """Remove the runs that were over before a moment and are not shown."""
        await self.session.execute(
            delete(ForecastRun).where(
                ForecastRun.tenant_id == self.uow.tenant_id,
                ForecastRun.created_at < before,
                ForecastRun.status.not_in(UNFINISHED),
                ForecastRun.is_current.is_(False),
            )
        )


class ForecastRepository:
    """The forecasts of one business, run by run."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work."""
        return self.uow.session

    async def page(
        self, run_id: UUID, named: Named, after: tuple[int, UUID] | None, limit: int
    ) -> list[DemandForecast]:
        """The forecasts after one in the order of volume, most first."""
        statement = select(DemandForecast).where(*self._of(run_id), *named.conditions(DemandForecast))
        if after is not None:
            statement = statement.where(tuple_(DemandForecast.volume, DemandForecast.variant_id) < after)
        order = DemandForecast.volume.desc(), DemandForecast.variant_id.desc()
        return list((await self.session.execute(statement.order_by(*order).limit(limit))).scalars())

    async def pending(self, run_id: UUID, limit: int) -> list[UUID]:
        """Variants of a run that have not been looked at."""
        statement = (
            select(DemandForecast.variant_id)
            .where(*self._of(run_id), DemandForecast.document.is_(None))
            .order_by(DemandForecast.variant_id)
            .limit(limit)
        )
        return list((await self.session.execute(statement)).scalars())

    async def keep(self, run_id: UUID, documents: Mapping[UUID, dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep what was found of variants; those of them of which nothing was known before."""
        given = func.jsonb_each(cast(bindparam("documents", type_=JSONB), JSONB)).table_valued(
            "key", "value", name="given"
        )
        statement = (
            update(DemandForecast)
            .where(
                *self._of(run_id),
                DemandForecast.document.is_(None),
                cast(DemandForecast.variant_id, Text) == given.c.key,
            )
            .values(document=given.c.value)
            .returning(DemandForecast.document)
            .execution_options(synchronize_session=False)
        )
        values = {"documents": {str(variant_id): found for variant_id, found in documents.items()}}
        return list((await self.session.execute(statement, values)).scalars())

    async def remove(self, run_id: UUID) -> None:
        """Remove the forecasts of a run."""
        await self.session.execute(delete(DemandForecast).where(*self._of(run_id)))

    def _of(self, run_id: UUID) -> list[Any]:
        return [DemandForecast.tenant_id == self.uow.tenant_id, DemandForecast.run_id == run_id]
