"""Office memos over HTTP."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.crm import MemoSent
from services.crm.tests.factories import Crm, add_member


class TestMemos(ResourceSuite):
    """What every resource promises."""

    path = "/memos"
    permission = "crm.memos"
    create = {"name": "Holidays", "text": "We close on Friday."}
    changes = {"name": "Holiday", "text": "We close on Monday."}
    needs_active = True
    invalid = ({"name": ""}, {"text": ""}, {"recipient_ids": []}, {"recipient_ids": [str(new_id())]})


async def test_a_memo_without_recipients_is_for_everybody(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    people = sorted([str(await add_member(context, tenant_id)) for _ in range(2)])
    await add_member(context, tenant_id, "client")

    memo = await crm.post("/memos", name="Holidays", text="We close.")

    assert [row["user_id"] for row in memo["recipients"]] == people
    [event] = await emitted(context, tenant_id, MemoSent)
    assert (event.data["memo_id"], event.data["recipient_ids"]) == (memo["id"], people)


async def test_receipts_are_kept_when_the_recipients_change(
    crm: Crm, client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    first, second, third = [await add_member(context, tenant_id) for _ in range(3)]
    memo = await crm.post(
        "/memos", name="Holidays", text="We close.", recipient_ids=[str(first), str(second)]
    )
    path = f"/memos/{memo['id']}"
    reader = client.acting(user(tenant_id, user_id=first))

    read = (await reader.post(f"{path}/read")).json()
    again = (await reader.post(f"{path}/read")).json()
    receipts = {row["user_id"]: row["read_at"] for row in read["recipients"]}
    changed = (await client.patch(path, json={"recipient_ids": [str(first), str(third)]})).json()

    assert receipts[str(first)] is not None
    assert receipts[str(second)] is None
    assert again == read
    assert {row["user_id"]: row["read_at"] for row in changed["recipients"]} == {
        str(first): receipts[str(first)],
        str(third): None,
    }
    told = [event.data["recipient_ids"] for event in await emitted(context, tenant_id, MemoSent)]
    assert told == [sorted([str(first), str(second)]), [str(third)]]
    assert [row["id"] for row in (await crm.get("/memos", recipient_id=str(third)))["items"]] == [memo["id"]]
    assert (await crm.get("/memos", recipient_id=str(second)))["items"] == []
    either = (await crm.get("/memos", recipient_id=[str(second), str(third)]))["items"]
    assert [row["id"] for row in either] == [memo["id"]]


async def test_one_whom_it_is_not_for_leaves_no_receipt(crm: Crm, client: Client, tenant_id: UUID) -> None:
    memo = await crm.post("/memos", name="Holidays", text="We close.")

    answer = await client.acting(user(tenant_id)).post(f"/memos/{memo['id']}/read")

    assert answer.json() == memo


async def test_only_the_author_changes_and_removes_a_memo(
    crm: Crm, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    memo = await crm.post("/memos", name="Holidays", text="We close.")
    path = f"/memos/{memo['id']}"
    other = client.acting(user(tenant_id))

    for response in (await other.patch(path, json={"name": "x"}), await other.delete(path)):
        assert (response.status_code, response.json()["slug"]) == (403, "not-the-author")
    assert await crm.get(path) == memo
    assert (await client.acting(user(other_tenant_id)).post(f"{path}/read")).status_code == 404
    assert (await client.acting(None).post(f"{path}/read")).status_code == 401
