"""An identity service for tests: it signs real RS256 tokens and answers as the real one does over the wire."""

import asyncio
import base64
import time
from collections import Counter
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.common.actor import Actor, ActorKind
from libs.common.ids import new_id

ISSUER = "pillars"


@cache
def private_key(key_id: str) -> rsa.RSAPrivateKey:
    """The key of an id; made once a run, for that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class SigningKey:
    """An RSA key with an id."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        self.private = private_key(key_id)
        self._signer = jwk.RSAKey(self.private, "RS256")

    def public_jwk(self) -> dict[str, Any]:
        """The public half, as it is published."""
        raw = self._signer.public_key().to_dict()
        raw = {k: v.decode() if isinstance(v, bytes) else v for k, v in raw.items()}
        return {**raw, "kid": self.key_id, "use": "sig", "alg": "RS256"}

    def public_pem(self) -> bytes:
        """The public half as PEM."""
        return self._signer.public_key().to_pem()

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A compact JWS with exactly this header and these claims."""
        head = {"alg": "RS256", "typ": "JWT", "kid": self.key_id, **header}
        signing_input = f"{b64(orjson.dumps(head))}.{b64(orjson.dumps(claims))}"
        return f"{signing_input}.{b64(self._signer.sign(signing_input.encode()))}"


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims_of(user_id: UUID, session_id: UUID, **changes: Any) -> dict[str, Any]:
    """The claims of a good access token; None removes one."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "pillars",
        "sub": str(user_id),
        "sid": str(session_id),
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


class Identity:
    """People, API keys, and how often it was asked."""

    def __init__(self) -> None:
        self.keys = [SigningKey("key-1")]
        self.actors: dict[str, Actor] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        self.calls: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self.unpublished: list[tuple[str, dict[str, Any]]] = []
        self.is_whole = True
        self.seconds = 60.0
        self.tells_keys = True
        self._held: asyncio.Event | None = None
        self.app = Starlette(
            routes=[
                Route("/.well-known/jwks.json", self._jwks),
                Route("/internal/authenticate", self._authenticate, methods=["POST"]),
                Route("/readyz", self._ready),
                Route("/openapi.json", self._nothing),
                Route("/internal/access/unpublished", self._unpublished),
                Route("/internal/{rest:path}", self._nothing),
                Route("/{rest:path}", self._echo, methods=["GET", "POST"]),
            ]
        )

    def person(self, *permissions: str, tenant_id: UUID | None = None, **changes: Any) -> "Person":
        """Someone with a session."""
        fields: dict[str, Any] = {
            "kind": ActorKind.USER,
            "user_id": new_id(),
            "session_id": new_id(),
            "email": "ann@example.com",
            "tenant_id": tenant_id or new_id(),
            "tenant_status": "active",
            "permissions": frozenset(permissions),
        }
        actor = Actor(**{**fields, **changes})
        self.actors[str(actor.user_id)] = actor
        return Person(self, actor)

    def api_key(self, actor: Actor) -> str:
        """An opaque token of somebody."""
        token = f"plk_{new_id().hex}"
        self.actors[token] = actor
        return token

    def hold_jwks(self) -> asyncio.Event:
        """Let the next answer about keys be made now and wait until the event is set."""
        self._held = asyncio.Event()
        return self._held

    async def _jwks(self, _: Request) -> JSONResponse:
        self.calls["jwks"] += 1
        if not self.tells_keys:
            return _problem(503, "unavailable")
        answer = JSONResponse({"keys": [key.public_jwk() for key in self.keys]})
        held, self._held = self._held, None
        if held is not None:
            await held.wait()
        return answer

    async def _authenticate(self, request: Request) -> JSONResponse:
        self.calls["authenticate"] += 1
        body = await request.json()
        self.asked.append(body)
        credential = body["credential"]
        name = "" if credential is None else credential.get("user_id") or credential["token"]
        if name in self.refusals:
            status, slug = self.refusals[name]
            return _problem(status, slug)
        if credential is None:
            actor = Actor(tenant_id=UUID(body["company_id"]) if body["company_id"] else None)
        elif name in self.actors:
            actor = self.actors[name]
            wanted = body["company_id"] or (body["query_company_id"] if actor.is_superuser else None)
            if wanted and not actor.is_superuser and UUID(wanted) != actor.tenant_id:
                return _problem(403, "tenant-forbidden")
            actor = actor.in_tenant(UUID(wanted)) if wanted else actor
        else:
            return _problem(401, "unauthenticated")
        return JSONResponse({"actor": actor.to_json(), "seconds": self.seconds})

    async def _unpublished(self, _: Request) -> JSONResponse:
        self.calls["unpublished"] += 1
        return JSONResponse({"events": self.unpublished, "is_whole": self.is_whole})

    async def _ready(self, _: Request) -> JSONResponse:
        return JSONResponse({"status": "ready", "parts": {"database": {"ok": True}}})

    async def _nothing(self, _: Request) -> JSONResponse:
        return _problem(404, "not-found")

    async def _echo(self, request: Request) -> JSONResponse:
        return JSONResponse({"path": request.url.path})


class Person:
    """Somebody with a session, who can make tokens."""

    def __init__(self, identity: Identity, actor: Actor) -> None:
        self.identity = identity
        self.actor = actor

    def token(self, **changes: Any) -> str:
        """An access token, with claims changed where a test says so."""
        assert self.actor.user_id is not None
        assert self.actor.session_id is not None
        return self.identity.keys[0].sign(claims_of(self.actor.user_id, self.actor.session_id, **changes))

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in client sends."""
        return {"Authorization": f"Bearer {self.token()}"}


def _problem(status: int, slug: str) -> JSONResponse:
    body = {"type": f"urn:pillars:problem:identity:{slug}", "slug": slug, "title": slug, "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")
