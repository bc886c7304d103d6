"""Writing jobs: rows inserted in the transaction of the change that wants the work done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.ids import new_id


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
    }


async def insert_jobs(session: AsyncSession, model: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Insert jobs; one whose name and key equal those of an unfinished job is left out."""
    await session.execute(insert(model.__table__).on_conflict_do_nothing(), list(rows))
