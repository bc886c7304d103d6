"""How deals move: from stage to stage, to won or lost, and back. Each step holds the lock on the deal's row."""

from typing import Any
from uuid import UUID

from libs.common.errors import InvalidTransition
from libs.common.resource import snapshot
from services.crm.deals.errors import StageNotInPipeline, UnknownReason
from services.crm.deals.events import deal_lost, deal_moved, deal_reopened, deal_won
from services.crm.deals.models import Deal
from services.crm.deals.service import DealService, require_fields
from services.crm.links import UnknownReference
from services.crm.stage_changes.repository import StageChangeRepository
from services.crm.stages.models import Stage
from services.crm.stages.repository import StageRepository


class DealTransitions(DealService):
    """The verbs of deals. A verb that the deal's status does not allow is refused, so a repeat has no effect."""

    async def move(self, deal_id: UUID, stage_id: UUID) -> Deal:
        """Move an open deal to another stage of its pipeline; to the stage where it stands is no move.

        Raises:
            InvalidTransition: the deal is closed, or the stage is a closing one.
            FieldsRequired: the stage demands fields that the deal lacks.
        """
        deal = await self._locked(deal_id, "open")
        if stage_id == deal.stage_id:
            return deal
        stage = await self._open_stage(deal, stage_id)
        left = (deal.stage_id, deal.stage)
        await self._enter(deal, stage, "moved")
        self.uow.emit(deal_moved(deal, left))
        return deal

    async def win(self, deal_id: UUID, reason: str | None) -> Deal:
        """Win an open deal.

        Raises:
            InvalidTransition: it is closed already.
            UnknownReason: its pipeline lists the reasons, and this is none of them.
        """
        deal = await self._locked(deal_id, "open")
        if reason is not None:
            _check_reason(reason, deal.pipeline_row.won_reasons)
        stage = await self._closing_stage(deal, "won")
        await self._enter(deal, stage, "won", won_reason=reason)
        self.uow.emit(deal_won(deal))
        return deal

    async def lose(self, deal_id: UUID, reason: str) -> Deal:
        """Lose an open deal.

        Raises:
            InvalidTransition: it is closed already.
            UnknownReason: its pipeline lists the reasons, and this is none of them.
        """
        deal = await self._locked(deal_id, "open")
        _check_reason(reason, deal.pipeline_row.lost_reasons)
        stage = await self._closing_stage(deal, "lost")
        await self._enter(deal, stage, "lost", lost_reason=reason)
        self.uow.emit(deal_lost(deal))
        return deal

    async def reopen(self, deal_id: UUID, stage_id: UUID | None) -> Deal:
        """Open a closed deal again, at the stage named or the one it was closed from.

        Raises:
            InvalidTransition: it is open, or the stage is a closing one.
        """
        deal = await self._locked(deal_id, "won", "lost")
        stage = await self._open_stage(deal, stage_id) if stage_id else await self._stage_before(deal)
        await self._enter(deal, stage, "reopened", won_reason=None, lost_reason=None)
        self.uow.emit(deal_reopened(deal))
        return deal

    async def history(self, deal_id: UUID, query: Any) -> dict[str, Any]:
        """The steps of a deal, and the time it spent at each stage."""
        deal = await self.get(deal_id)
        changes = StageChangeRepository(self.uow, deal.id)
        rows, cursor = await changes.page(query)
        times = {stage_id: (name, seconds) for stage_id, name, seconds in await changes.seconds_by_stage()}
        before = times.pop(deal.stage_id, (deal.stage, 0))[1]
        times[deal.stage_id] = (deal.stage, before + self._seconds_here(deal))
        return {
            "items": rows,
            "next_cursor": cursor,
            "time_in_stage": [
                {"stage_id": i, "stage": name, "seconds": seconds, "is_current": i == deal.stage_id}
                for i, (name, seconds) in times.items()
            ],
        }

    async def _locked(self, deal_id: UUID, *allowed: str) -> Deal:
        deal = await self.get(deal_id, lock=True)
        self.check_version(deal)
        if deal.status not in allowed:
            raise InvalidTransition(f"The deal is {deal.status}.", current_status=deal.status)
        return deal

    async def _enter(self, deal: Deal, stage: Stage, action: str, **changes: Any) -> None:
        if stage.kind != "lost" and deal.status == "open":
            require_fields(deal, stage)
        before = snapshot(deal)
        left, seconds, now = deal.stage_id, self._seconds_here(deal), self.uow.now
        deal.stage_id, deal.stage_entered_at = stage.id, now
        deal.status, deal.closed_at = stage.kind, None if stage.kind == "open" else now
        for name, value in changes.items():
            setattr(deal, name, value)
        await self.rows.save(deal)
        await self.log_stage(deal, left, seconds)
        self._record(action, deal, before)
        self.uow.tag(deal.version)

    def _seconds_here(self, deal: Deal) -> int:
        # Clocks of two machines may differ by a little; no stay is shorter than nothing.
        return max(0, int((self.uow.now - deal.stage_entered_at).total_seconds()))

    async def _open_stage(self, deal: Deal, stage_id: UUID) -> Stage:
        stage = await StageRepository(self.uow).get_kept(stage_id)
        if stage is None:
            raise UnknownReference("There is no such stage.", field="stage_id")
        if stage.pipeline_id != deal.pipeline_id:
            raise StageNotInPipeline("Name a stage of the deal's pipeline.", field="stage_id")
        if stage.kind != "open":
            raise InvalidTransition(
                f"Deals come to {stage.name} by being {stage.kind}.", current_status=deal.status
            )
        return stage

    async def _closing_stage(self, deal: Deal, kind: str) -> Stage:
        stage = await StageRepository(self.uow).first(deal.pipeline_id, kind)
        if stage is None:
            raise InvalidTransition(
                f"The pipeline has no stage for {kind} deals.", current_status=deal.status
            )
        return stage

    async def _stage_before(self, deal: Deal) -> Stage:
        stages = StageRepository(self.uow)
        last = await StageChangeRepository(self.uow, deal.id).last()
        if last is not None and last.from_stage_id is not None:
            stage = await stages.get_kept(last.from_stage_id)
            if stage is not None and stage.kind == "open":
                return stage
        first = await stages.first(deal.pipeline_id, "open")
        if first is None:
            raise InvalidTransition("The pipeline has no open stage.", current_status=deal.status)
        return first


def _check_reason(reason: str, reasons: list[str]) -> None:
    if reasons and reason not in reasons:
        raise UnknownReason("Choose one of the pipeline's reasons.", reasons=reasons)
