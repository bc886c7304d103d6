"""Clients who join a shop."""

from typing import Any

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import MemberAdded


def body(company_id: Any, email: str, **changes: Any) -> dict[str, Any]:
    """A client's sign-up."""
    return {
        "company_id": str(company_id),
        "email": email,
        "password": "correct horse battery",
        "first_name": "Sipho",
        "last_name": "Dube",
    } | changes


async def test_a_client_joins_a_shop(context: ServiceContext, platform: Any) -> None:
    shop = await platform.business()
    email = platform.email()

    response = await platform.post("/auth/signup", body(shop.company_id, email))

    assert response.status_code == 201, response.text
    assert response.json()["user"]["email"] == email
    assert response.json()["company"]["id"] == str(shop.company_id)
    client = await platform.signed_in(email)
    assert client.actor.tenant_id == shop.company_id
    assert client.actor.roles == ("client",)
    assert client.actor.may("orders.carts.write")
    assert not client.actor.may("orders.orders.write")
    added = await emitted(context, shop.company_id, MemberAdded)
    assert [e.data["roles"] for e in added] == [["owner"], ["client"]]


async def test_on_the_shops_own_host_the_company_need_not_be_named(
    context: ServiceContext, platform: Any
) -> None:
    shop = await platform.business()
    visitor = Client(context, guest(shop.company_id))
    sent = body(None, platform.email())
    del sent["company_id"]

    assert (await visitor.post("/auth/signup", json=sent)).status_code == 201
    nowhere = await platform.post("/auth/signup", {**sent, "email": platform.email()})
    assert (nowhere.status_code, nowhere.json()["slug"]) == (400, "tenant-required")


@pytest.mark.parametrize(
    "name", ["Sipho,\n\nYour account is blocked", "Sipho\r\nBcc: x@x.example", "S\u2028x", "S\x85x"]
)
async def test_a_name_of_several_lines_is_refused_before_it_is_mailed_to_anybody(
    platform: Any, name: str
) -> None:
    shop = await platform.business()

    for part in ("first_name", "last_name"):
        refused = await platform.post("/auth/signup", body(shop.company_id, platform.email(), **{part: name}))
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", part])


async def test_who_has_an_account_joins_another_shop_with_its_password(platform: Any) -> None:
    first, second = await platform.business(), await platform.business()
    email = platform.email()
    await platform.post("/auth/signup", body(first.company_id, email))

    wrong = await platform.post("/auth/signup", body(second.company_id, email, password="another one here"))
    right = await platform.post("/auth/signup", body(second.company_id, email.upper()))
    again = await platform.post("/auth/signup", body(second.company_id, email))

    assert (wrong.status_code, wrong.json()["slug"]) == (409, "email-taken")
    assert right.status_code == 201
    assert (again.status_code, again.json()["slug"]) == (409, "already-member")
    there = await platform.signed_in(email, company_id=str(second.company_id))
    assert there.actor.tenant_id == second.company_id
    # Home stays where it was.
    assert (await platform.signed_in(email)).actor.tenant_id == first.company_id


async def test_guessing_at_sign_up_is_counted_like_guessing_at_sign_in(platform: Any) -> None:
    shop = await platform.business()
    other = await platform.business()

    answers = [
        await platform.post("/auth/signup", body(other.company_id, shop.email, password=f"guess number {n}"))
        for n in range(6)
    ]

    assert [a.status_code for a in answers] == [409] * 5 + [429]


async def test_a_shop_that_does_not_trade_takes_no_clients(platform: Any) -> None:
    pending = await platform.register()

    refused = await platform.post("/auth/signup", body(pending.company_id, platform.email()))
    unknown = await platform.post("/auth/signup", body(new_id(), platform.email()))

    assert (refused.status_code, refused.json()["slug"]) == (403, "tenant-not-active")
    assert unknown.status_code == 404


async def test_a_weak_password_is_refused(platform: Any) -> None:
    shop = await platform.business()

    response = await platform.post(
        "/auth/signup", body(shop.company_id, platform.email(), password="iloveyou")
    )

    assert (response.status_code, response.json()["slug"]) == (422, "weak-password")
