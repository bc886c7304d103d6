"""Providers that fail, lie about themselves, or are somewhere within."""

import gzip
from typing import Any

import httpx
import pytest

from libs.common.errors import AppError
from libs.common.http.outside import outside_transport
from services.identity.oidc.client import OidcClient
from services.identity.tests.oidc.conftest import problem


async def test_a_provider_that_fails_once_is_asked_again_where_that_is_safe(world: Any) -> None:
    shop = world.shop
    world.google.failures.update(discovery=1, jwks=1)
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    assert (world.google.calls["discovery"], world.google.calls["jwks"]) == (2, 2)
    # A code works once, so it is shown once.
    world.google.failures["token"] = 1
    assert problem(await world.sign_in()) == (503, "identity-provider-unavailable")
    assert world.google.calls["token"] == 2
    assert (await world.sign_in()).status_code == 200


async def test_a_provider_that_hangs_up_is_unavailable(world: Any) -> None:
    world.google.failures["discovery"] = -2
    answer = await world.browser().get("/auth/oidc/google/start")
    assert problem(answer) == (503, "identity-provider-unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_a_provider_that_does_not_answer_in_time_is_unavailable(world: Any) -> None:
    import asyncio

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    settings = world.context.settings
    before, settings.oidc_seconds = settings.oidc_seconds, 0.05
    try:
        world.context.resources["oidc"] = OidcClient(world.context, transport=lambda _: Silent())
        answer = await world.browser().get("/auth/oidc/google/start")
    finally:
        settings.oidc_seconds = before
    assert problem(answer) == (503, "identity-provider-unavailable")


async def test_a_provider_that_keeps_failing_is_left_alone_for_a_while(world: Any) -> None:
    world.google.failures["discovery"] = 1000
    for _ in range(6):
        assert (await world.browser().get("/auth/oidc/google/start")).status_code == 503
    assert world.google.calls["discovery"] == 5
    # The others are not held responsible.
    assert (await world.browser().get("/auth/oidc/acme/start")).status_code == 302
    world.google.failures.clear()
    assert (await world.browser().get("/auth/oidc/google/start")).status_code == 503
    world.clock.advance(seconds=31)
    assert (await world.browser().get("/auth/oidc/google/start")).status_code == 302


async def test_what_is_known_of_a_provider_lasts_while_it_is_away(world: Any) -> None:
    shop = world.shop
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    assert (await world.sign_in()).status_code == 200
    assert (world.google.calls["discovery"], world.google.calls["jwks"]) == (1, 1)
    world.clock.advance(hours=2)
    world.google.failures.update(discovery=2, jwks=2)
    assert (await world.sign_in()).status_code == 200
    assert (world.google.calls["discovery"], world.google.calls["jwks"]) == (3, 3)


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "an issuer with slashes more": {"issuer": "https://id.acme.example/realm//"},
    "no issuer": {"issuer": None},
    "no token endpoint": {"token_endpoint": None},
    "no authorization endpoint": {"authorization_endpoint": None},
    "no keys": {"jwks_uri": None},
    "an endpoint that is not encrypted": {"token_endpoint": "http://id.acme.example/token"},
    "an endpoint of another scheme": {"jwks_uri": "file:///etc/passwd"},
    "a page that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "symmetric signatures only": {"id_token_signing_alg_values_supported": ["HS256", "none"]},
}


@pytest.mark.parametrize("how", LIES)
async def test_a_description_that_cannot_be_right_is_not_used(world: Any, how: str) -> None:
    world.acme.describes = LIES[how]
    answer = await world.browser().get("/auth/oidc/acme/start")
    assert problem(answer) == (502, "identity-provider-refused")
    assert "set-cookie" not in answer.headers


class Fixed(httpx.AsyncBaseTransport):
    """Answers everything alike."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return self.response


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json=None),
        httpx.Response(200, content=b"{" + b" " * 300_000 + b"}"),
        httpx.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"}),
        httpx.Response(302, headers={"location": "https://evil.example/"}),
        httpx.Response(404, json={}),
    ],
)
async def test_a_description_that_cannot_be_read_is_not_used(world: Any, response: httpx.Response) -> None:
    transport = Fixed(response)
    world.context.resources["oidc"] = OidcClient(world.context, transport=lambda _: transport)
    answer = await world.browser().get("/auth/oidc/acme/start")
    assert problem(answer) == (502, "identity-provider-refused")
    assert transport.count == 1


async def test_a_secret_goes_where_the_provider_wants_it(world: Any) -> None:
    shop = world.shop
    world.acme.describes = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await world.sign_in("acme", company_id=shop.company_id)).status_code == 200
    (form,) = world.acme.forms
    assert (form["client_id"], form["client_secret"], form["authorization"]) == (
        "our-client",
        "our secret/+",
        None,
    )


async def test_a_refusal_of_the_provider_repeats_nothing_that_was_sent(world: Any) -> None:
    shop = world.shop
    world.google.secret = "another"
    answer = await world.sign_in(company_id=shop.company_id)
    assert problem(answer) == (502, "identity-provider-refused")
    assert "invalid_client" in answer.json()["detail"]
    assert "our" not in answer.json()["detail"]


async def test_a_businesss_provider_is_called_outside_only(world: Any) -> None:
    """The address was one outside when it was added; what its name leads to is looked at when it is called."""
    shop = await world.platform.business()
    owner = await world.platform.signed_in(shop.email)
    body = {"code": "own", "name": "Own", "client_id": "our-client", "client_secret": "our secret/+"}
    body |= {"discovery_url": "https://id.acme.example/realm"}
    assert (await owner.post("/oidc-providers", json=body)).status_code == 201
    leads_to = ["10.0.0.7"]

    async def resolve(host: str, port: int) -> list[str]:
        return leads_to

    def transport(is_trusted: bool) -> httpx.AsyncBaseTransport:
        return world.internet if is_trusted else outside_transport(world.internet, resolve=resolve)

    world.context.resources["oidc"] = OidcClient(world.context, transport=transport)
    refused = await world.browser().get("/auth/oidc/own/start", company_id=shop.company_id)
    assert problem(refused) == (502, "identity-provider-refused")
    assert world.internet.requests == []
    leads_to[0] = "93.184.216.34"
    assert (await world.sign_in("own", company_id=shop.company_id)).status_code == 200
    # One of its endpoints may lie within all the same.
    world.acme.describes = {"token_endpoint": "https://127.0.0.1/token"}
    world.clock.advance(hours=2)
    refused = await world.sign_in("own", company_id=shop.company_id)
    assert problem(refused) == (502, "identity-provider-refused")
    assert all(r.url.host == "93.184.216.34" for r in world.internet.requests)


async def test_an_issuer_may_end_with_a_slash(world: Any) -> None:
    acme = world.acme
    acme.issuer = "https://id.acme.example/realm/"
    assert (await world.sign_in("acme", company_id=world.shop.company_id)).status_code == 200
    acme.says = {"iss": "https://id.acme.example/realm"}
    assert problem(await world.sign_in("acme")) == (401, "id-token-refused")


async def test_problems_of_providers_are_our_own(world: Any) -> None:
    from services.identity.oidc.errors import ProviderRefused, ProviderUnavailable

    for kind in (ProviderRefused, ProviderUnavailable):
        assert issubclass(kind, AppError)
        assert kind.status >= 500
