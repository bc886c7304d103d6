"""One's own account over HTTP."""

from typing import Any

from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.contracts.identity import MemberChanged, SessionRevoked
from services.identity.tests.one_time_links.mailed import token


async def test_me_shows_the_account_and_its_companies(platform: Any) -> None:
    owner = await platform.register()
    me = await platform.signed_in(owner.email)

    shown = (await me.get("/auth/me")).json()

    assert (shown["id"], shown["email"], shown["roles"]) == (str(owner.user_id), owner.email, ["owner"])
    assert shown["company_id"] == str(owner.company_id)
    assert shown["company_status"] == "pending"
    assert [(c["id"], c["status"], c["roles"]) for c in shown["companies"]] == [
        (str(owner.company_id), "pending", ["owner"])
    ]
    assert "catalog.*" in shown["permissions"]


async def test_me_can_be_changed_and_companies_are_told(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    me = await platform.signed_in(owner.email)

    changed = await me.patch("/auth/me", json={"first_name": "Naledi", "locale": "ru"})
    emptied = await me.patch("/auth/me", json={"phone": None})

    assert (changed.json()["first_name"], changed.json()["phone"]) == ("Naledi", "+27215550100")
    assert (emptied.json()["first_name"], emptied.json()["phone"]) == ("Naledi", None)
    told = await emitted(context, owner.company_id, MemberChanged)
    assert [e.data["first_name"] for e in told] == ["Naledi", "Naledi"]
    for body in ({"first_name": None}, {"email": "x@example.com"}, {"locale": "klingon"}):
        assert (await me.patch("/auth/me", json=body)).status_code == 422


async def test_a_guest_has_no_account(platform: Any) -> None:
    for method, path in (
        ("GET", "/auth/me"),
        ("PATCH", "/auth/me"),
        ("GET", "/auth/sessions"),
        ("POST", "/auth/sessions/revoke-all"),
        ("POST", "/auth/password/change"),
        ("POST", "/auth/logout"),
    ):
        response = await platform.anyone.request(method, path, json={} if method != "GET" else None)
        assert response.status_code == 401, path


async def test_changing_the_password_ends_other_sessions(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    me = await platform.signed_in(owner.email)
    elsewhere = await platform.login(owner.email)
    assert (await platform.post("/auth/password/forgot", {"email": owner.email})).status_code == 202
    mailed = await token(context, owner.email, "password_reset")
    body = {"current_password": owner.password, "new_password": "an entirely new one"}

    assert (await me.post("/auth/password/change", json=body)).status_code == 204

    assert (await platform.authenticate(elsewhere["access"])).status_code == 401
    assert (await me.get("/auth/sessions")).json()["items"][0]["is_current"] is True
    ended = await emitted(context, owner.company_id, SessionRevoked)
    assert [e.data["reason"] for e in ended] == ["password changed"]
    refused = await platform.post("/auth/login", {"email": owner.email, "password": owner.password})
    assert refused.status_code == 401
    assert await platform.login(owner.email, "an entirely new one")
    # Nor does a mail of before undo it.
    reset = {"token": mailed, "new_password": "what somebody else wants"}
    assert (await platform.post("/auth/password/reset", reset)).json()["slug"] == "link-invalid"


async def test_a_wrong_or_weak_password_changes_nothing(platform: Any) -> None:
    owner = await platform.register()
    me = await platform.signed_in(owner.email)

    wrong = await me.post(
        "/auth/password/change", json={"current_password": "guessed", "new_password": "an entirely new one"}
    )
    weak = await me.post(
        "/auth/password/change", json={"current_password": owner.password, "new_password": "password123"}
    )

    assert (wrong.status_code, wrong.json()["slug"]) == (422, "wrong-password")
    assert (weak.status_code, weak.json()["slug"]) == (422, "weak-password")
    assert weak.json()["errors"][0]["loc"] == ["body", "new_password"]
    assert await platform.login(owner.email)
