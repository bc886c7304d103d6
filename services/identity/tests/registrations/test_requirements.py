"""What applications need, and supplying it."""

import base64
from typing import Any

from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from libs.contracts.crm import DealWon
from services.identity.registrations.requirements.repository import MOST_DOCUMENTS
from services.identity.tests.registrations.conftest import Desk

PDF = base64.b64encode(b"%PDF-1.7 karoo").decode()
EXE = base64.b64encode(b"MZ\x90\x00 not a document").decode()


def document(content: str = PDF, requirement: str = "certificate") -> dict[str, str]:
    """A body with a document."""
    return {"requirement": requirement, "filename": "c.pdf", "content_base64": content}


async def test_requirements_and_rules_are_kept_changed_and_removed(desk: Desk) -> None:
    made = await desk.require("certificate", "document", rule={"max_bytes": 1000})
    path = f"/registration-requirements/{made['id']}"

    changed = await desk.chief.patch(path, json={"label": "Proof", "is_required": False})
    replaced = await desk.chief.put(path, json={"kind": "field", "label": "L", "product": desk.product})
    again = await desk.chief.post(
        "/registration-requirements",
        json={"code": "certificate", "kind": "field", "label": "x", "product": desk.product},
    )
    listed = await desk.chief.get("/registration-requirements", params={"product": desk.product})
    gone = await desk.chief.delete(path)

    assert (changed.json()["label"], changed.json()["is_required"]) == ("Proof", False)
    assert (changed.json()["rule"], changed.headers["etag"]) == ({"max_bytes": 1000}, '"2"')
    assert (replaced.json()["kind"], replaced.json()["rule"]) == ("field", {})
    assert (again.status_code, again.json()["slug"]) == (409, "already-exists")
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert (gone.status_code, (await desk.chief.get(path)).status_code) == (204, 404)

    rule = await desk.rule(approvals=2, from_minor=100, currency="ZAR")
    path = f"/registration-rules/{rule['id']}"
    assert (await desk.chief.patch(path, json={"approvals": 3})).json()["approvals"] == 3
    assert (await desk.chief.patch(path, json={"currency": None})).status_code == 422
    bookkeeper = await desk.hire("support")
    for lead in (new_id(), bookkeeper):
        assert (await desk.chief.patch(path, json={"escalate_to_id": str(lead)})).status_code == 422
    for role in ("owner", "nobody-has-it"):
        assert (await desk.chief.patch(path, json={"escalate_role": role})).status_code == 422
    assert (await desk.chief.put(path, json={"name": "n"})).json()["from_minor"] is None
    listed = await desk.chief.get("/registration-rules", params={"product": desk.product})
    assert listed.json()["items"] == []
    assert (await desk.chief.delete(path)).status_code == 204


async def test_who_may_not_change_what_is_required_does_not(desk: Desk, platform: Any) -> None:
    owner = await platform.signed_in((await platform.register()).email)
    body = {"code": "x1", "kind": "field", "label": "x"}
    for path in ("/registration-requirements", "/registration-rules"):
        assert (await desk.chief.acting(guest()).get(path)).status_code == 401
        for who in (owner, desk.reviewer()):
            assert (await who.get(path)).status_code == 403
            refused = await who.post(path, json=body if "req" in path else {"name": "n"})
            assert refused.json()["required_permission"] == "identity.registration_rules.write"


async def test_bad_requirements_are_refused(desk: Desk) -> None:
    for change in (
        {"kind": "spell"},
        {"kind": "check"},
        {"kind": "check", "rule": {"check": "horoscope"}},
        {"kind": "document", "rule": {"pattern": "x"}},
        {"kind": "field", "rule": {"pattern": "("}},
        {"kind": "field", "rule": {"pattern": "(a|a)*"}},
        {"kind": "field", "rule": {"pattern": "a*a*a*a*b"}},
        {"kind": "field", "rule": {"pattern": "(?=a)a"}},
        {"kind": "field", "rule": {"pattern": "a?" * 30 + "a" * 30}},
        {"kind": "field", "rule": {"pattern": "(a|a)" * 24}},
        {"kind": "field", "rule": {"type": "number", "min": 2, "max": 1}},
        {"kind": "field", "rule": {"type": "choice"}},
        {"kind": "document", "rule": {"max_bytes": 10**9}},
        {"country": "Zulu"},
        {"country": "ZZ"},
        {"surprise": 1},
    ):
        body = {"code": "code", "kind": "field", "label": "x", "product": desk.product} | change
        refused = await desk.chief.post("/registration-requirements", json=body)
        assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed"), change


async def test_an_application_is_approved_by_hand_once_all_that_it_needs_is_there(
    desk: Desk, platform: Any
) -> None:
    await desk.require("certificate", "document", rule={"content_types": ["application/pdf"]})
    await desk.require("vat_number", "field", rule={"pattern": "4[0-9]{9}"})
    await desk.require("number", "check", rule={"check": "registration_number"})
    business = {"name": "Karoo", "country": "ZA", "registration_number": "2019/123456/07"}
    made = await desk.apply(business=business)
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}"

    early = await desk.step(desk.reviewer(), made, "approve")
    assert (early.status_code, early.json()["slug"]) == (409, "requirements-not-met")
    assert early.json()["missing"] == ["certificate", "vat_number"]
    for body, slug in (
        (document(EXE), "document-refused"),
        (document("%%%%"), "validation-failed"),
        (document(requirement="passport"), "not-asked-for"),
        (document() | {"filename": "../x"}, "validation-failed"),
    ):
        assert (await owner.post(f"{path}/documents", json=body)).json()["slug"] == slug
    kept = await owner.post(f"{path}/documents", json=document())
    assert (kept.status_code, kept.json()["content_type"]) == (201, "application/pdf")
    wrong = await owner.patch(f"{path}/fields", json={"fields": {"vat_number": "5"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, ["body", "fields", "vat_number"])
    needs = (await owner.patch(f"{path}/fields", json={"fields": {"vat_number": "4123456789"}})).json()
    assert needs["is_complete"]
    assert {n["code"]: n["state"] for n in needs["items"]} == {
        "certificate": "given",
        "number": "passed",
        "vat_number": "given",
    }

    # What is there does not change under the hands of who reviews.
    for refused in (
        await owner.post(f"{path}/documents", json=document()),
        await owner.patch(f"{path}/fields", json={"fields": {"vat_number": None}}),
    ):
        assert (refused.status_code, refused.json()["slug"]) == (409, "not-asked-for")
    content = await desk.chief.get(f"{path}/documents/{kept.json()['id']}/content")
    assert content.content == b"%PDF-1.7 karoo"
    assert content.headers["content-disposition"].startswith("attachment")
    approved = await desk.step(desk.reviewer(), made, "approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")


async def test_what_is_missing_can_be_waived_by_name(desk: Desk) -> None:
    await desk.require("certificate", "document")
    made = await desk.apply()

    typo = await desk.step(desk.reviewer(), made, "approve", {"waive": ["certifcate"]})
    assert (typo.status_code, typo.json()["errors"][0]["loc"]) == (422, ["body", "waive"])
    approved = await desk.step(desk.reviewer(), made, "approve", {"waive": ["certificate"]})

    assert approved.json()["status"] == "approved"
    assert approved.json()["requirements"]["items"][0]["state"] == "waived"
    assert "waived" in await desk.kinds(made)


async def test_a_deal_won_approves_whatever_is_missing(desk: Desk) -> None:
    await desk.require("certificate", "document")
    made = await desk.apply()

    await desk.hear(DealWon, made)

    shown = await desk.shown(made)
    assert (shown["status"], shown["requirements"]["missing"]) == ("approved", ["certificate"])


async def test_more_is_asked_for_supplied_and_handed_in_again(desk: Desk, platform: Any) -> None:
    await desk.require("certificate", "document")
    await desk.require("number", "check", rule={"check": "registration_number"})
    made = await desk.apply()
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}"
    assert (await desk.shown(made))["requirements"]["missing"] == ["certificate", "number"]

    strange = await desk.step(desk.reviewer(), made, "request-changes", {"reason": "r", "fields": ["moon"]})
    asked = await desk.step(
        desk.reviewer(),
        made,
        "request-changes",
        {"reason": "Please", "requirements": ["certificate"], "fields": ["registration_number"]},
    )
    assert strange.status_code == 422
    assert asked.json()["asked_for"] == ["certificate", "registration_number"]
    assert (asked.json()["waiting_for"], asked.json()["round"]) == ("applicant", 1)

    early = await owner.post(f"{path}/resubmit")
    assert (early.status_code, early.json()["missing"]) == (409, ["certificate", "registration_number"])
    assert (await owner.post(f"{path}/documents", json=document())).status_code == 201
    assert (await owner.post(f"{path}/documents", json=document())).status_code == 201
    sent = await owner.post(
        f"{path}/resubmit",
        json={"business": {"registration_number": "2019/123456/07", "country": "KZ"}, "message": "Here"},
    )

    assert sent.status_code == 200, sent.text
    assert (sent.json()["status"], sent.json()["round"], sent.json()["asked_for"]) == ("submitted", 2, [])
    assert (sent.json()["company_name"], sent.json()["country"]) == ("Karoo Coffee", "KZ")
    company = (await owner.get(f"/tenants/{made.company_id}")).json()
    assert (company["country"], company["currency"]) == ("KZ", "KZT")
    listed = (await owner.get(f"{path}/documents")).json()["items"]
    assert len(listed) == 1
    checks = (await desk.chief.get(f"{path}/checks")).json()["items"]
    assert [(c["round"], c["outcome"]) for c in checks] == [(2, "failed")]


async def test_what_the_applicant_changes_takes_the_approvals_before_it_back(
    desk: Desk, platform: Any
) -> None:
    await desk.require("certificate", "document")
    await desk.require("vat_number", "field", is_required=False)
    await desk.rule(approvals=2)
    made = await desk.apply(fields={"vat_number": "1"})
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}"
    await owner.post(f"{path}/documents", json=document())
    for change in ({"fields": {"vat_number": "2"}}, document()):
        await desk.step(desk.reviewer(), made, "approve")
        await desk.step(desk.reviewer(), made, "request-changes", {"reason": "Look again"})
        assert len((await desk.shown(made))["approvals"]) == 1
        method, tail = ("PATCH", "fields") if "fields" in change else ("POST", "documents")
        assert (await owner.request(method, f"{path}/{tail}", json=change)).status_code in (200, 201)
        shown = await desk.shown(made)
        assert (shown["status"], shown["approvals"]) == ("changes_requested", [])
        await owner.post(f"{path}/resubmit")
    assert (await desk.kinds(made)).count("approvals_withdrawn") == 2


async def test_no_more_documents_are_kept_than_some(desk: Desk, platform: Any) -> None:
    await desk.require("certificate", "document")
    made = await desk.apply()
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}/documents"
    await owner.post(path, json=document())
    await desk.step(desk.reviewer(), made, "request-changes", {"reason": "Again"})
    async with desk.context.unit_of_work(platform=True) as uow:
        copy = text(
            "INSERT INTO identity.registration_documents (tenant_id, id, registration_id, requirement, filename,"
            " content_type, size, sha256, content, deleted_at) SELECT tenant_id, gen_random_uuid(), registration_id,"
            " requirement, filename, content_type, size, sha256, content, now()"
            " FROM identity.registration_documents, generate_series(1, :more) WHERE tenant_id = :company"
        )
        await uow.session.execute(copy, {"more": MOST_DOCUMENTS - 2, "company": made.company_id})

    answers = [await owner.post(path, json=document()) for _ in range(2)]

    assert [a.status_code for a in answers] == [201, 409]
    assert answers[1].json()["slug"] == "too-many-documents"


async def test_customers_of_a_shop_see_nothing_of_its_application(desk: Desk, platform: Any) -> None:
    await desk.require("certificate", "document")
    made = await desk.apply()
    owner, path = await platform.signed_in(made.email), f"/registrations/{made.registration_id}"
    kept = (await owner.post(f"{path}/documents", json=document())).json()["id"]
    customer = desk.chief.acting(user(made.company_id, "orders.carts.*", roles=("client",)))

    for tail in ("", "/timeline", "/requirements", "/documents", f"/documents/{kept}/content"):
        assert (await customer.get(path + tail)).status_code == 404, tail
        assert (await owner.get(path + tail)).status_code == 200, tail
    refused = await customer.get("/registrations/current")
    assert refused.json()["required_permission"] == "identity.applications.read"


async def test_the_more_specific_requirement_replaces_the_wider_one(desk: Desk) -> None:
    await desk.require("paper", "field", is_required=True)
    await desk.require("paper", "document", country="ZA", label="South African paper")
    await desk.require("paper", "field", country="KZ", is_active=False)

    for country, kinds in (("ZA", ["document"]), ("KZ", []), ("GB", ["field"])):
        made = await desk.apply(business={"name": "Karoo", "country": country})
        needs = (await desk.shown(made))["requirements"]
        assert [n["kind"] for n in needs["items"]] == kinds, country


async def test_a_business_like_another_is_found(desk: Desk) -> None:
    await desk.require("double", "check", rule={"check": "duplicate_business"})
    number = f"2019/{new_id().int % 10**6:06}/{new_id().int % 100:02}"
    business = {"name": f"Twin {new_id()}", "country": "ZA", "registration_number": number}
    first = await desk.apply(business=business)
    second = await desk.apply(business=business | {"name": f"Other {new_id()}"})

    assert (await desk.shown(first))["requirements"]["missing"] == []
    assert (await desk.shown(second))["requirements"]["missing"] == ["double"]


async def test_answers_come_with_the_registration(desk: Desk, platform: Any) -> None:
    await desk.require("staff_count", "field", rule={"type": "number", "min": 1})

    made = await desk.apply(fields={"staff_count": 3})

    need = (await desk.shown(made))["requirements"]["items"][0]
    assert (need["state"], need["value"]) == ("given", 3)
    for fields, slug in (({"staff_count": 0}, "answer-refused"), ({"other": 1}, "not-asked-for")):
        body = {
            "email": platform.email(),
            "password": "correct horse battery",
            "first_name": "T",
            "last_name": "N",
            "business": {"name": "Karoo"},
            "product": desk.product,
            "fields": fields,
        }
        assert (await platform.post("/auth/register", body)).json()["slug"] == slug


async def test_another_business_sees_and_supplies_nothing(desk: Desk, platform: Any) -> None:
    await desk.require("certificate", "document")
    made, other = await desk.apply(), await desk.apply()
    owner, stranger = await platform.signed_in(made.email), await platform.signed_in(other.email)
    path = f"/registrations/{made.registration_id}"
    kept = (await owner.post(f"{path}/documents", json=document())).json()["id"]

    for method, tail, body in (
        ("GET", "", None),
        ("GET", "/timeline", None),
        ("GET", "/requirements", None),
        ("GET", "/documents", None),
        ("GET", f"/documents/{kept}", None),
        ("GET", f"/documents/{kept}/content", None),
        ("POST", "/documents", document()),
        ("PATCH", "/fields", {"fields": {"x": 1}}),
        ("POST", "/status-link", None),
        ("DELETE", "/status-link", None),
    ):
        assert (await stranger.request(method, path + tail, json=body)).status_code == 404, tail
    own = f"/registrations/{other.registration_id}/documents/{kept}"
    assert (await stranger.get(own)).status_code == 404
    reader = desk.chief.acting(user(OPERATOR_TENANT_ID, "identity.registrations.read"))
    assert (await reader.post(f"{path}/documents", json=document())).status_code == 403
    assert (await owner.get(f"{path}/provisioning")).status_code == 403


async def test_the_applicant_reads_its_own_without_what_is_between_staff(desk: Desk, platform: Any) -> None:
    made = await desk.apply()
    await desk.step(desk.reviewer(), made, "assign")
    await desk.step(desk.reviewer(), made, "request-changes", {"reason": "More, please"})
    owner = await platform.signed_in(made.email)

    current = (await owner.get("/registrations/current")).json()
    entries = (await owner.get(f"/registrations/{made.registration_id}/timeline")).json()["items"]

    assert (current["id"], current["assignee_id"], current["approvals"]) == (
        str(made.registration_id),
        None,
        [],
    )
    assert [e["kind"] for e in entries] == ["changes_requested", "submitted"]
    assert [e["actor"] for e in entries] == [None, f"user:{made.user_id}"]
    assert await desk.kinds(made) == ["submitted", "assigned", "changes_requested"]
