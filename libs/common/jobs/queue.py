"""Writing jobs: rows inserted in the transaction of the change that wants the work done."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct
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


@cache
def job_insert(table: Any) -> Direct:
    """The INSERT of such a row; one whose name and key equal those of an unfinished job is left out."""
    names = ("id", "tenant_id", "name", "key", "args", "run_at", "attempts")
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Direct(insert(table).values(values).on_conflict_do_nothing())
