"""What must always hold of forecasts."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant

_MOST = 1000


async def shown_runs_are_whole(uow: UnitOfWork) -> Finding:
    """A run whose forecasts are shown is done, and each of its series was looked at."""
    total = await uow.session.scalar(text("SELECT count(*) FROM analytics.forecast_runs WHERE is_current"))
    rows = await uow.session.execute(
        text(
            "SELECT r.id FROM analytics.forecast_runs r WHERE r.is_current AND (r.status <> 'done' OR r.series <> "
            "(SELECT count(*) FILTER (WHERE f.document IS NOT NULL) FROM analytics.demand_forecasts f "
            "WHERE f.tenant_id = r.tenant_id AND f.run_id = r.id) OR r.computed <> r.series) "
            f"ORDER BY r.id LIMIT {_MOST}"
        )
    )
    found = [str(row.id) for row in rows]
    return Finding(f"{total} runs that are shown", len(found), tuple(found[:5]))


async def forecasts_are_of_a_run(uow: UnitOfWork) -> Finding:
    """Forecasts are kept of runs that are shown or under way, and of no others."""
    total = await uow.session.scalar(text("SELECT count(*) FROM analytics.demand_forecasts"))
    rows = await uow.session.execute(
        text(
            "SELECT DISTINCT f.run_id FROM analytics.demand_forecasts f WHERE NOT EXISTS "
            "(SELECT 1 FROM analytics.forecast_runs r WHERE r.tenant_id = f.tenant_id AND r.id = f.run_id "
            f"AND (r.is_current OR r.status = 'running')) ORDER BY f.run_id LIMIT {_MOST}"
        )
    )
    found = [str(row.run_id) for row in rows]
    return Finding(f"{total} forecasts", len(found), tuple(found[:5]))


INVARIANTS = (
    Invariant("forecasts that are shown are whole", shown_runs_are_whole),
    Invariant("every forecast is of a run that is shown or under way", forecasts_are_of_a_run),
)
