"""What goes along with the claim of an idempotency key: one round trip, and its rows for the action alone."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import Request
from sqlalchemy import bindparam, literal_column, select

from libs.common.db.direct import Direct
from libs.common.http.idempotency import Idempotency
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.schema import OutSchema
from libs.common.testing.round_trips import round_trips

DOUBLE = Direct(select(literal_column("2") * bindparam("number")))
REQUEST = Request({"type": "http", "method": "POST", "path": "/sums", "headers": []})


class SumOut(OutSchema):
    """What comes of it."""

    total: int


@pytest.mark.parametrize(("key", "tries"), [("k", 2), (None, 1)])
async def test_the_action_is_given_the_rows_of_what_goes_along(
    context: ServiceContext, tenant_id: UUID, key: str | None, tries: int
) -> None:
    given = []

    async def add(*found: Any) -> dict[str, int]:
        given.append(found)
        return {"total": sum(row[0] for rows in found for row in rows)}

    key = key and str(new_id())
    for _ in range(tries):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            along = [(DOUBLE, {"number": 3}), (DOUBLE, {"number": 4})]
            with round_trips(context.engine) as trips:
                answer = await Idempotency(uow, REQUEST, key, b"").run(add, SumOut, along=along)
        assert answer.body == b'{"total":14}'
        assert len(trips.statements[0]) == (3 if key else 2)
    assert given == [([(6,)], [(8,)])]
