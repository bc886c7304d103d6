"""Filters of time: a day, or a time without its offset, is one of UTC, in these lists as in all others."""

from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/credit-notes", "created_at"),
        ("/invoices", "created_at"),
        ("/ledger/transactions", "occurred_at"),
        ("/payments", "created_at"),
        ("/refunds", "created_at"),
        ("/subscriptions", "created_at"),
        ("/subscriptions", "next_billing_at"),
    ],
)
async def test_a_day_is_a_time(context: ServiceContext, tenant_id: UUID, path: str, field: str) -> None:
    params = {f"{field}_from": "2026-04-01", f"{field}_to": "2026-04-02T12:00:00"}

    response = await Client(context, user(tenant_id)).get(path, params=params)

    assert response.status_code == 200, response.text


async def test_balances_are_as_of_a_day_too(context: ServiceContext, tenant_id: UUID) -> None:
    response = await Client(context, user(tenant_id)).get("/ledger/accounts", params={"at": "2026-04-01"})

    assert response.status_code == 200, response.text
