"""Commercial requests over HTTP."""

from uuid import UUID

from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.crm import RequestSubmitted
from services.crm.tests.factories import Crm, rand


class TestRequests(ResourceSuite):
    """What every resource promises."""

    path = "/requests"
    permission = "crm.requests"
    create = {"name": "200 mugs", "budget": rand(500_000), "source": "website", "tags": ["bulk"]}
    changes = {"status": "answered", "budget": rand(0, "JPY"), "due_at": "2031-02-03T04:05:06Z", "tags": []}
    emptied = "budget"
    needs_active = True
    invalid = (
        {"name": ""},
        {"status": "lost"},
        {"budget": rand(-1)},
        {"budget": {"amount": 1.5, "currency": "ZAR"}},
        {"budget": rand(1, "XXX")},
        {"budget": rand(2**53)},
        {"due_at": "2031-02-03T04:05:06"},
    )


async def test_a_request_is_told_of(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    request = await crm.post("/requests", name="200 mugs", source="website")

    [event] = await emitted(context, tenant_id, RequestSubmitted)

    assert event.data == {"request_id": request["id"], "name": "200 mugs", "source": "website"}


async def test_requests_are_filtered_by_company_status_and_due_time(crm: Crm) -> None:
    company = await crm.post("/companies", name="Karoo Coffee")
    late = await crm.post(
        "/requests", name="late", company_id=company["id"], due_at="2031-01-01T00:00:00+02:00"
    )
    await crm.post("/requests", name="other", status="closed")

    for params in (
        {"company_id": company["id"]},
        {"status": ["new", "answered"]},
        {"due_at_to": "2031-01-01T00:00:00Z"},
    ):
        found = (await crm.get("/requests", **params))["items"]
        assert [row["id"] for row in found] == [late["id"]], params
