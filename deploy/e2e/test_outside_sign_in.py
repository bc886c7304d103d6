"""Outside accounts all the way: browser, gateway, identity, and what a session opens then."""

from collections.abc import Iterator

import pytest

from deploy.e2e.conftest import Shop, Suite
from libs.common.ids import new_id
from libs.common.testing.identity_provider import IdentityProvider, Internet
from services.identity.oidc.client import OidcClient


@pytest.fixture
def provider(suite: Suite) -> Iterator[IdentityProvider]:
    """A provider that the suite can reach."""
    identity = suite.host.contexts["identity"]
    made = IdentityProvider(f"https://{new_id().hex}.example", identity.clock, secret="secret")
    before = identity.resources["oidc"]
    internet = Internet(made)
    identity.resources["oidc"] = OidcClient(identity, transport=lambda is_trusted: internet)
    yield made
    identity.resources["oidc"] = before


async def test_a_customer_of_a_shop_signs_in_with_an_outside_account(
    suite: Suite, shop: Shop, provider: IdentityProvider
) -> None:
    async with suite.client(**shop.owner) as owner:
        body = {"code": "own", "name": "Own", "client_id": "our-client", "client_secret": "secret"}
        added = await owner.post("/oidc-providers", json={**body, "discovery_url": provider.issuer})
        assert added.status_code == 201, added.text
    async with suite.client() as browser:
        listed = await browser.get("/auth/oidc", headers={"X-Company-Id": shop.company})
        assert [item["code"] for item in listed.json()["items"]] == ["own"]
        sent = await browser.get("/auth/oidc/own/start", params={"company_id": shop.company})
        assert sent.status_code == 302, sent.text
        back = await provider.visit(sent.headers["location"])
        assert back.pop("redirect_uri") == f"{suite.url}/api/v1/auth/oidc/own/callback"
        async with suite.client() as other:
            planted = await other.get("/auth/oidc/own/callback", params=back)
            assert (planted.status_code, planted.json()["slug"]) == (400, "sign-in-expired")
        answer = await browser.get("/auth/oidc/own/callback", params=back)
        assert answer.status_code == 200, answer.text
        assert not browser.cookies
    headers = {"Authorization": f"Bearer {answer.json()['access']}", "X-Company-Id": shop.company}
    async with suite.client(**headers) as customer:
        me = (await customer.get("/auth/me")).json()
        assert (me["email"], me["roles"]) == (provider.person["email"], ["client"])
        links = (await customer.get("/auth/oidc/links")).json()["items"]
        assert [link["subject"] for link in links] == [provider.person["sub"]]
