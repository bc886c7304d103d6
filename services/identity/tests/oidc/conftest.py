"""Providers in software, and browsers that go there and back."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.identity_provider import IdentityProvider, Internet
from libs.common.testing.plugin import MakeContext
from services.identity.manifest import SERVICE
from services.identity.oidc.client import OidcClient
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import Platform, Registered

DIRECTORY = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
PUBLIC = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
async def oidc_context(make_context: MakeContext, context: ServiceContext) -> ServiceContext:
    """The service with three providers of the platform, on a clock that tests move forward."""
    client = {"client_id": "our-client", "client_secret": "our secret/+"}
    settings = IdentitySettings(
        argon2_memory_kib=8,
        argon2_time=1,
        oidc_providers={
            "google": client,
            "microsoft": {**client, "directories": [DIRECTORY]},
            "acme": {**client, "name": "Acme", "discovery_url": "https://id.acme.example/realm"},
        },
        return_origins=["https://app.example.com"],
    )
    return await make_context(SERVICE, settings=settings, clock=ManualClock())


@pytest.fixture(scope="module")
async def a_shop(oidc_context: ServiceContext) -> Registered:
    """A shop that trades, for tests that leave it as it is."""
    return await Platform(oidc_context).business()


@dataclass
class World:
    """The platform, a shop, the providers, and the way to them."""

    platform: Platform
    shop: Registered
    google: IdentityProvider
    microsoft: IdentityProvider
    acme: IdentityProvider
    internet: Internet

    @property
    def context(self) -> ServiceContext:
        """The service."""
        return self.platform.context

    @property
    def clock(self) -> Any:
        """Its clock."""
        return self.context.clock

    def browser(self, client: Client | None = None) -> "Browser":
        """A browser, of somebody signed in or of anyone."""
        return Browser(self, client or self.platform.anyone)

    async def sign_in(self, code: str = "google", **query: Any) -> httpx.Response:
        """Go to a provider and back with a browser of its own."""
        return await self.browser().sign_in(code, **query)


@dataclass
class Browser:
    """Keeps cookies, and sends what the gateway would."""

    world: World
    client: Client
    host: str = "127.0.0.1:8000"
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=Platform.address)

    async def get(self, path: str, *, accept: str = "text/html", **query: Any) -> httpx.Response:
        """Open a page."""
        answer = await self.client.get(path, params=query, headers=self.headers(accept))
        self.keep(answer)
        return answer

    def headers(self, accept: str) -> dict[str, str]:
        """What it sends."""
        told = {
            "X-Forwarded-Host": self.host,
            "X-Forwarded-Proto": self.scheme,
            "Accept": accept,
            **self.address,
        }
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return told

    def keep(self, answer: httpx.Response) -> None:
        """Take the cookies of an answer."""
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if re.search(r"max-age=0", line, re.I):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    async def leave(self, code: str = "google", **query: Any) -> dict[str, Any]:
        """Go to the provider, and return the query with which it sends back."""
        answer = await self.get(f"/auth/oidc/{code}/start", **query)
        assert answer.status_code == 302, answer.text
        return await self.visit(answer.headers["location"])

    async def visit(self, url: str) -> dict[str, Any]:
        """Be at the provider of an address, and return the query with which it sends back."""
        provider = self.world.internet.providers[urlsplit(url).netloc]
        return await provider.visit(url)

    async def come_back(
        self, code: str, back: dict[str, Any], *, accept: str = "text/html"
    ) -> httpx.Response:
        """Be sent back."""
        query = {name: value for name, value in back.items() if name != "redirect_uri"}
        return await self.get(f"/auth/oidc/{code}/callback", accept=accept, **query)

    async def sign_in(self, code: str = "google", **query: Any) -> httpx.Response:
        """Go there and back."""
        return await self.come_back(code, await self.leave(code, **query))


@pytest.fixture
async def world(oidc_context: ServiceContext, a_shop: Registered) -> Any:
    """Everything anew but for the database."""
    clock = oidc_context.clock
    providers = (
        IdentityProvider("https://accounts.google.com", clock),
        IdentityProvider("https://login.microsoftonline.com/{tenantid}/v2.0", clock),
        IdentityProvider("https://id.acme.example/realm", clock),
    )
    providers[1].says = {"iss": f"https://login.microsoftonline.com/{DIRECTORY}/v2.0", "tid": DIRECTORY}
    internet = Internet(*providers)
    client = OidcClient(oidc_context, transport=lambda is_trusted: internet)
    oidc_context.resources["oidc"] = client
    assert isinstance(clock, ManualClock)
    yield World(Platform(oidc_context), a_shop, *providers, internet)
    await client.close()


def fields_of(response: httpx.Response) -> dict[str, str]:
    """The query of the address that a browser is sent to."""
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and slug."""
    return response.status_code, response.json().get("slug")
