"""The queue: who has what, filters and counts."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.events import emitted
from libs.contracts.identity import RegistrationAssigned
from services.identity.tests.registrations.conftest import Desk


async def listed(desk: Desk, who: Any = None, **params: Any) -> list[str]:
    """The companies of a list, newest first."""
    found = await (who or desk.chief).get("/registrations", params={"product": desk.product, **params})
    assert found.status_code == 200, found.text
    return [row["company_id"] for row in found.json()["items"]]


async def test_applications_are_given_taken_and_given_back(desk: Desk) -> None:
    made, me, colleague = await desk.apply(), desk.reviewer(), await desk.hire("staff")

    mine = await desk.step(me, made, "assign")
    theirs = await desk.step(me, made, "assign", {"assignee_id": str(colleague)})
    stranger = await desk.step(me, made, "assign", {"assignee_id": str(new_id())})
    nobodys = await desk.step(me, made, "unassign")

    assert mine.json()["assignee_id"] == str(me.actor.user_id)
    assert theirs.json()["assignee_id"] == str(colleague)
    assert (stranger.status_code, stranger.json()["errors"][0]["loc"]) == (422, ["body", "assignee_id"])
    assert nobodys.json()["assignee_id"] is None
    assert await desk.kinds(made) == ["submitted", "assigned", "assigned", "unassigned"]
    told = await emitted(desk.context, OPERATOR_TENANT_ID, RegistrationAssigned)
    people = [e.data["assignee_id"] for e in told if e.data["registration_id"] == str(made.registration_id)]
    assert people == [str(me.actor.user_id), str(colleague)]
    await desk.step(me, made, "approve")
    assert (await desk.step(me, made, "assign")).status_code == 409


async def test_the_queue_is_filtered_by_who_and_whom_it_waits_for(desk: Desk) -> None:
    zulu = {"name": "Karoo", "country": "ZA"}
    mine, free = await desk.apply(business=zulu), await desk.apply(business={"name": "K", "country": "KZ"})
    asked, done = await desk.apply(business=zulu), await desk.apply(business=zulu)
    me = desk.reviewer()
    await desk.step(me, mine, "assign")
    await desk.step(me, asked, "request-changes", {"reason": "More"})
    await desk.step(me, done, "approve")
    ids = {name: str(made.company_id) for name, made in locals().items() if hasattr(made, "company_id")}

    assert await listed(desk, me, assignee="me") == [ids["mine"]]
    assert await listed(desk, assignee_id=str(me.actor.user_id)) == [ids["mine"]]
    assert await listed(desk, assignee="none") == [ids["asked"], ids["free"]]
    assert await listed(desk, country="KZ") == [ids["free"]]
    assert await listed(desk, waiting_for="staff") == [ids["free"], ids["mine"]]
    assert await listed(desk, waiting_for="applicant") == [ids["asked"]]
    assert await listed(desk, waiting_for="nobody") == [ids["done"]]
    assert await listed(desk, waiting_for=["nobody", "applicant"]) == [ids["done"], ids["asked"]]
    assert await listed(desk, me, assignee=["me", "none"]) == [ids["asked"], ids["free"], ids["mine"]]
    assert await listed(desk, order="due_at") == [ids[n] for n in ("mine", "free", "asked", "done")]
    for bad in ({"assignee": "you"}, {"waiting_for": "godot"}, {"country": "zz"}, {"overdue": "maybe"}):
        assert (await desk.chief.get("/registrations", params=bad)).status_code == 422


async def test_the_queue_is_counted(desk: Desk) -> None:
    me = desk.reviewer()
    before = (await me.get("/registrations/counts")).json()
    mine, asked = await desk.apply(), await desk.apply()
    await desk.step(me, mine, "assign")
    await desk.step(me, asked, "request-changes", {"reason": "More"})

    after = (await me.get("/registrations/counts")).json()

    assert after["mine"] == 1
    assert after["unassigned"] == before["unassigned"] + 1
    for whom in ("staff", "applicant"):
        assert after["waiting_for"][whom] == before["waiting_for"].get(whom, 0) + 1
    assert after["by_status"]["submitted"] == before["by_status"].get("submitted", 0) + 1
    blind = desk.chief.acting(user(OPERATOR_TENANT_ID, "crm.deals.read"))
    assert (await blind.get("/registrations/counts")).status_code == 403
