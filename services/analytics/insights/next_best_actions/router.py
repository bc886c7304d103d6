"""The HTTP side of next best actions."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.contracts.features import INSIGHTS
from services.analytics.deps import NextBestActions
from services.analytics.insights.next_best_actions.schemas import NextBestActionPage, NextBestActionQuery

router = APIRouter(prefix="/insight-analytics", tags=["insights"])
READ = allow("analytics.next_best_actions.read", feature=INSIGHTS)


@router.get("/next-best-actions", response_model=NextBestActionPage, dependencies=[READ])
async def list_next_best_actions(
    query: Annotated[NextBestActionQuery, Query()], actions: NextBestActions
) -> Any:
    """List what to do next, the most valuable first: value at stake times its probability, as far as the past tells.

    The rules: overdue tasks; deals that stand still, whose close date has passed, or of high value without a task; invoices
    overdue or due within a week; goods that will be sold out within two weeks; regular customers who have stayed away for
    longer than usual. Each looks at up to 500 things. Who may not see the things themselves is not shown the actions:
    `rules` says which permission that takes, and why a rule has too little to go by. Money of other currencies is another
    question: ask with `currency`.
    """
    return await actions.list(query)
