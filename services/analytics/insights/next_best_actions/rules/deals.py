"""Deals that stand still, whose close date has passed, or that nobody has a task for."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.insights.evidence import too_little
from services.analytics.insights.next_best_actions.candidate import Asked, Candidate, Chance, Found
from services.analytics.insights.next_best_actions.deal_rows import DealRows

LEAST_WON, LEAST_DEALS = 5, 4
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """What closed deals say of a stage: how many of those that came to it were won, and how long these stayed."""

    closed: int
    won: int
    usual: timedelta | None


class DealHistory:
    """Chances of open deals, from deals that were closed."""

    def __init__(self, stages: list[Any], pipelines: list[Any]) -> None:
        self._stages = {
            (row.pipeline, row.stage): Stage(row.closed, row.won, timedelta(seconds=float(row.usual or 0)))
            for row in stages
        }
        self._pipelines = {row.pipeline: (row.closed, row.won) for row in pipelines}

    @classmethod
    async def read(cls, uow: UnitOfWork, asked: Asked) -> "DealHistory":
        """The history of the last two years."""
        rows = DealRows(uow)
        return cls(await rows.stages(asked), await rows.pipelines(asked))

    def stage(self, deal: Any) -> Stage:
        """The history of the stage that a deal is in."""
        return self._stages.get((deal.pipeline, deal.stage), Stage(0, 0, None))

    def chance(self, deal: Any) -> Chance:
        """How likely a deal is won: by its stage where enough deals came through it, else by its pipeline."""
        stage = self.stage(deal)
        if stage.closed >= LEAST_WON:
            return Chance(stage.won, stage.closed, f"deals closed that came to {deal.stage}")
        closed, won = self._pipelines.get(deal.pipeline, (0, 0))
        return Chance(won, closed, f"deals closed in {deal.pipeline}")


async def stalled(uow: UnitOfWork, asked: Asked, history: DealHistory) -> Found:
    """Deals longer in their stage than three quarters of the won ones were."""
    deals = await DealRows(uow).open(asked)
    known = [deal for deal in deals if history.stage(deal).won >= LEAST_WON]
    found = []
    for deal in known:
        stage = history.stage(deal)
        stayed = asked.now - deal.since
        if stage.usual is None or stayed <= max(stage.usual, _DAY):
            continue
        days, usual = stayed / _DAY, stage.usual / _DAY
        found.append(
            _about(
                deal,
                history,
                kind="stalled_deal",
                action="contact_customer",
                suggestion="Contact the customer, or move or close the deal",
                explanation=(
                    f"It has been in {deal.stage} for {days:.0f} days; three quarters of {stage.won} won deals left"
                    f" it within {usual:.1f}."
                ),
                since=deal.since + stage.usual,
                evidence={
                    "stage": deal.stage,
                    "days_in_stage": round(days, 1),
                    "usual_days": round(usual, 1),
                    "won_deals": stage.won,
                },
            )
        )
    if deals and not known:
        return Found(
            [],
            too_little(
                "Too few deals were won from the stages of the open ones.",
                f"{LEAST_WON} won deals that came through a stage",
            ),
        )
    return Found(found)


async def close_date_passed(uow: UnitOfWork, asked: Asked, history: DealHistory) -> Found:
    """Deals that were to be closed by now."""
    found = []
    for deal in await DealRows(uow).open(asked):
        if deal.expected_close_on is None or deal.expected_close_on >= asked.today:
            continue
        days = (asked.today - deal.expected_close_on).days
        found.append(
            _about(
                deal,
                history,
                kind="close_date_passed",
                action="update_close_date",
                suggestion="Close the deal, or agree on another date",
                explanation=f"It was to be closed on {deal.expected_close_on}, {days} days ago.",
                since=asked.start_of(deal.expected_close_on + _DAY),
                evidence={"expected_close_on": deal.expected_close_on.isoformat(), "days_past": days},
            )
        )
    return Found(found)


async def without_task(uow: UnitOfWork, asked: Asked, history: DealHistory) -> Found:
    """Deals of high value that nobody has an open task for."""
    rows = DealRows(uow)
    known, threshold = await rows.high_value(asked)
    least = threshold if known >= LEAST_DEALS else 1
    found = []
    for deal in await rows.open(asked):
        if deal.has_task or deal.amount < least:
            continue
        why = f"no less than three quarters of the {known} deals of a year"
        if known < LEAST_DEALS:
            why = f"there are too few deals ({known}) to tell which are of high value"
        found.append(
            _about(
                deal,
                history,
                kind="high_value_deal_without_task",
                action="create_task",
                suggestion="Add a task for the next step",
                explanation=f"Nobody has an open task for it, and of its value: {why}.",
                since=deal.since,
                evidence={"threshold": least if known >= LEAST_DEALS else None, "deals": known},
            )
        )
    return Found(found)


def _about(deal: Any, history: DealHistory, **fields: Any) -> Candidate:
    return Candidate(
        object_type="deal",
        object_id=deal.deal_id,
        title=deal.name,
        href=f"/api/v1/deals/{deal.deal_id}",
        value=deal.amount,
        chance=history.chance(deal),
        deal_id=deal.deal_id,
        assignee_id=deal.owner_id,
        **fields,
    )
