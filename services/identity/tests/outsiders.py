"""Plays frontends and gateway: what the tests of this service call it through."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
from jose import jwt

from libs.common.actor import OPERATOR_TENANT_ID, Actor, system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.identity.sessions.service import SessionService
from services.identity.users.models import User

PASSWORD = "correct horse battery"


async def signed_in_now(context: ServiceContext, actor: Actor) -> Actor:
    """Give an actor that a test made up the account and the session that it says it has."""
    assert actor.user_id is not None
    async with context.unit_of_work(platform=True) as uow:
        email = f"a{actor.user_id.hex}@example.com"
        uow.session.add(User(id=actor.user_id, email=email, first_name="Test", last_name="User"))
        await uow.flush()
        made, _ = SessionService(uow).start(
            await uow.session.get_one(User, actor.user_id), address="192.0.2.1", user_agent=None
        )
    return replace(actor, session_id=made.id)


@dataclass
class World:
    """What the DNS and the web show, as far as the tests need them."""

    records: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name."""
        return self.records.get(name, [])

    async def file(self, url: str) -> str | None:
        """A file on the web."""
        return self.files.get(url)


@dataclass
class Registered:
    """A business that has applied, and its owner."""

    email: str
    user_id: UUID
    company_id: UUID
    registration_id: UUID
    password: str = PASSWORD


class Platform:
    """Plays the part of frontends and gateway: every caller has an address of its own."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        self.anyone = Client(context, guest())

    @staticmethod
    def address() -> dict[str, str]:
        """The header of an address nobody else has."""
        n = new_id().int
        return {"X-Forwarded-For": f"2001:db8:{n >> 16 & 0xFFFF:x}:{n & 0xFFFF:x}::1"}

    @staticmethod
    def email() -> str:
        """An e-mail address nobody else has."""
        return f"p{new_id().hex}@example.com"

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Call as a guest."""
        return await self.anyone.post(path, json=body, headers={**self.address(), **headers})

    async def register(self, **changes: Any) -> Registered:
        """Let a business apply."""
        body = {
            "email": self.email(),
            "password": PASSWORD,
            "first_name": "Thandi",
            "last_name": "Nkosi",
            "phone": "+27215550100",
            "business": {"name": "Karoo Coffee", "country": "ZA"},
            "product": "micro-sites",
        } | changes
        response = await self.post("/auth/register", body)
        assert response.status_code == 201, response.text
        made = response.json()
        return Registered(
            made["user"]["email"],
            UUID(made["user"]["id"]),
            UUID(made["company"]["id"]),
            UUID(made["registration"]["id"]),
        )

    async def business(self, **changes: Any) -> Registered:
        """A business that trades."""
        made = await self.register(**changes)
        staff = Client(self.context, user(OPERATOR_TENANT_ID, "identity.registrations.*"))
        response = await staff.post(f"/registrations/{made.registration_id}/approve")
        assert response.status_code == 200, response.text
        return made

    async def host(self, owner: Registered) -> str:
        """A host name that leads to a business."""
        client = await self.signed_in(owner.email)
        path = f"/tenants/{owner.company_id}/domains"
        made = (await client.post(path, json={"host": f"shop-{new_id().hex}.example"})).json()
        record = made["verification"]["dns"]
        self.context.resources["proofs"].records[record["name"]] = [record["value"]]
        response = await client.post(f"{path}/{made['id']}/verify")
        assert response.status_code == 200, response.text
        return str(made["host"])

    async def login(self, email: str, password: str = PASSWORD, **headers: str) -> dict[str, Any]:
        """Sign in and return the tokens."""
        response = await self.post("/auth/login", {"email": email, "password": password}, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def login_with(self, email: str, password: str = PASSWORD, **fields: Any) -> dict[str, Any]:
        """Sign in with more fields than name and password, and return the tokens."""
        response = await self.post("/auth/login", {"email": email, "password": password, **fields})
        assert response.status_code == 200, response.text
        return response.json()

    async def authenticate(self, access: str | None, **where: Any) -> httpx.Response:
        """Ask who a token is, as the gateway does once it has checked the signature."""
        credential = None
        if access is not None:
            claims = jwt.get_unverified_claims(access)
            credential = {"kind": "user", "user_id": claims["sub"], "session_id": claims["sid"]}
        body = {"credential": credential, "company_id": None, "host": None, "query_company_id": None} | where
        gateway = Client(self.context, system_actor("gateway"))
        return await gateway.post("/internal/authenticate", json=body)

    async def actor(self, access: str | None, **where: Any) -> Actor:
        """The actor of a token."""
        response = await self.authenticate(access, **where)
        assert response.status_code == 200, response.text
        return Actor.from_json(response.json()["actor"])

    async def signed_in(self, email: str, password: str = PASSWORD, **where: Any) -> Client:
        """A client that acts as the person of an account."""
        tokens = await self.login(email, password)
        return Client(self.context, await self.actor(tokens["access"], **where), app=self.anyone.app)
