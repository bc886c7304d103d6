"""What opens something in one business opens nothing in another: tokens of carts, tokens of people."""

import asyncio

import pytest

from deploy.e2e.isolation.neighbours import World
from deploy.e2e.isolation.world import Business

pytestmark = pytest.mark.xdist_group("isolation")


async def test_a_cart_token_opens_nothing_in_another_shop(world: World) -> None:
    there = {"X-Company-Id": world.two.company}
    cart = (await world.http.post("/api/v1/carts", headers=there, json={"currency": "ZAR"})).json()
    path = f"/api/v1/carts/{cart['id']}"
    guest = {"X-Cart-Token": cart["token"]}
    assert (await world.http.get(path, headers={**there, **guest})).status_code == 200
    for company in (world.one.company, None):
        here = {**guest, **({"X-Company-Id": company} if company else {})}
        assert (await world.http.get(path, headers=here)).status_code in (401, 404)
        body = {"variant_id": world.two.ids["variant_id"]}
        added = await world.http.post(f"{path}/items", headers=here, json=body)
        assert added.status_code in (401, 404)
    both = {**world.one.owner, **guest}
    assert (await world.http.get(path, headers=both)).status_code == 404
    assert (await world.http.post(f"{path}/claim", headers=both)).status_code == 404


async def test_one_token_acts_in_the_business_that_each_request_names(world: World) -> None:
    account = {"email": f"both-{world.one.marker}@example.com", "password": f"Evening-{world.one.marker}-8"}
    carts, etags = {}, {}
    for business in (world.one, world.two):
        await business.come_back()
    for business in (world.one, world.two):
        joined = await business.make(
            "/auth/signup", {**account, "company_id": business.company, "first_name": "B", "last_name": "B"}
        )
    token = await world.one.sign_in(account["email"], account["password"])

    def at(business: Business) -> dict[str, str]:
        return {**token, "X-Company-Id": business.company}

    for business in (world.one, world.two):
        made = await world.http.post("/api/v1/carts", headers=at(business), json={"currency": "ZAR"})
        carts[business.company], etags[business.company] = made.json()["id"], made.headers["etag"]
    for _ in range(10):
        turn = [world.one, world.two] * 2
        answers = await asyncio.gather(*(world.http.get("/api/v1/carts", headers=at(b)) for b in turn))
        for business, answer in zip(turn, answers, strict=True):
            assert [item["id"] for item in answer.json()["items"]] == [carts[business.company]]
    # What the other business's answer was tagged with is no key to it.
    crossed = {**at(world.one), "If-None-Match": etags[world.two.company]}
    refused = await world.http.get(f"/api/v1/carts/{carts[world.two.company]}", headers=crossed)
    assert refused.status_code == 404
    left = await world.http.delete(
        f"/api/v1/tenants/{world.two.company}/members/{joined['user']['id']}", headers=world.two.owner
    )
    assert left.status_code == 204
    again = [await world.http.get("/api/v1/carts", headers=at(b)) for b in (world.two, world.one)]
    # Whether the session ended with it or not: the business that was left is closed at once.
    assert again[0].status_code in (401, 403)
    assert again[1].status_code in (200, 401)
