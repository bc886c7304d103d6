"""The signed identity between our own processes: nobody else's is believed, by any route of any service."""

import base64
from collections.abc import Iterator
from itertools import cycle

import httpx
import pytest

from deploy.e2e.conftest import Suite
from libs.common.actor import ACTOR_HEADER, Actor, ActorKind, ActorSigner, system_actor
from libs.common.ids import new_id
from libs.common.runtime.app import api_routes, requirement_of
from libs.common.runtime.registry import NAMES

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def forgeries(signer: ActorSigner, now: float) -> Iterator[tuple[str, str]]:
    """Headers that say a service of the platform asks, and prove nothing."""
    system, guest = (signer.sign(actor, now) for actor in (system_actor("crm"), Actor()))
    body, mac = system.split(".")
    yield "another key", ActorSigner("guessed").sign(system_actor("crm"), now)
    yield "no key", ActorSigner("").sign(system_actor("crm"), now)
    yield "expired", signer.sign(system_actor("crm"), now - 3600)
    longer = altered(body, b'"exp":', b'"exp":9')
    yield "a longer life", f"{longer}.{mac}"
    yield "another service", f"{altered(body, b'crm', b'erp')}.{mac}"
    yield "the signature of a guest", f"{body}.{guest.split('.')[1]}"
    yield "no signature", f"{body}."
    yield "nothing after it", body
    yield "cut off", system[:-1]
    yield "one letter more", f"{system}A"
    yield "in small letters", f"{body}.{mac.lower()}"
    yield "twice", f"{system}, {system}"
    yield "empty", ""
    yield "no text", "\xff.\xff"


def altered(body: str, old: bytes, new: bytes) -> str:
    """A part that says something else."""
    said = base64.urlsafe_b64decode(body)
    assert old in said
    return base64.urlsafe_b64encode(said.replace(old, new, 1)).decode()


@pytest.mark.parametrize("name", NAMES)
async def test_no_route_of_a_service_answers_without_a_signed_identity(suite: Suite, name: str) -> None:
    context, app = suite.host.contexts[name], suite.host.apps[name]
    now = suite.host.clock.now().timestamp()
    every = list(forgeries(context.signer, now))
    turn = cycle(every)
    owner = Actor(ActorKind.USER, user_id=new_id(), tenant_id=new_id(), permissions=frozenset({"*"}))
    person = context.signer.sign(owner, now)
    tried = set()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as client:
        for route in api_routes(app):
            path = "/".join(NOBODY if part.startswith("{") else part for part in route.path.split("/"))
            need = requirement_of(route)
            # Every route is tried with each forgery in its turn; what is internal with all of them.
            ways = every if need and need.is_internal else [next(turn), next(turn)]
            for method in route.methods:
                for way, header in [("none", None), *ways]:
                    headers = {} if header is None else {ACTOR_HEADER: header.encode("latin-1")}
                    answer = await client.request(method, path, headers=headers, json={})
                    assert answer.status_code == 401, (method, path, way, answer.text)
                    tried.add(path)
                if need and need.is_internal:
                    answer = await client.request(method, path, headers={ACTOR_HEADER: person}, json={})
                    assert (answer.status_code, answer.json()["slug"]) == (403, "permission-denied"), path
    assert len(tried) > 5


async def test_even_a_true_identity_is_not_taken_from_a_client_of_the_gateway(suite: Suite) -> None:
    signer = suite.host.contexts["identity"].signer
    true = signer.sign(system_actor("crm"), suite.host.clock.now().timestamp())
    async with suite.client() as client:
        for name in (ACTOR_HEADER, ACTOR_HEADER.upper(), ACTOR_HEADER.replace("-", "_")):
            for path in ("/auth/me", "/users", "/deals", "/admin/bus/dead-letters"):
                answer = await client.get(path, headers={name: true})
                assert answer.status_code == 401, (name, path, answer.text)
            named = {name: true, "Connection": f"close, {ACTOR_HEADER}"}
            assert (await client.get("/auth/me", headers=named)).status_code == 401
            inside = await client.post("/internal/authenticate", headers={name: true}, json={})
            assert inside.status_code == 404
            as_token = await client.get("/deals", headers={"Authorization": f"Bearer {true}"})
            assert as_token.status_code == 401
