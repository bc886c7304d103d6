"""The verifier that nginx asks in the baseline of the gateway: checks a token, answers with the signed actor.

`python -m bench.verifier <port>`; the key set and the secret come through the environment, as they do to the gateway.
"""

import json
import os
import sys
import time
import uuid
from typing import Any

import uvicorn
from jose import jwk, jws

from libs.common.actor import ACTOR_HEADER, Actor, ActorKind, ActorSigner

KEYS = "BENCH_JWKS"


def signed_actor(secret: str, user_id: str, tenant_id: str, email: str) -> str:
    """The header by which a service knows an owner, as the gateway sends it."""
    actor = Actor(
        kind=ActorKind.USER,
        user_id=uuid.UUID(user_id),
        email=email,
        name="Naledi Mokoena",
        tenant_id=uuid.UUID(tenant_id),
        tenant_status="active",
        tenant_via="header",
        home_tenant_id=uuid.UUID(tenant_id),
        roles=("owner",),
        permissions=frozenset({"*"}),
    )
    return ActorSigner(secret, ttl=3600).sign(actor, time.time())


class Verifier:
    """An ASGI app: 200 with the actor, or 401."""

    def __init__(self, keys: dict[str, Any], secret: str) -> None:
        self._keys = {k["kid"]: jwk.construct(k, "RS256") for k in keys["keys"]}
        self._secret = secret
        # What was verified counts for a minute, as with the gateway.
        self._known: dict[tuple[bytes, bytes], tuple[bytes, float]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        name = headers.get(b"authorization", b""), headers.get(b"x-company-id", b"")
        known = self._known.get(name)
        if known is None or known[1] < time.time():
            try:
                known = self._known[name] = self._verified(*name), time.time() + 60
            except Exception:
                known = None
        answer = [(b"content-length", b"0")]
        if known is not None:
            answer.append((ACTOR_HEADER.encode(), known[0]))
        await send({"type": "http.response.start", "status": 200 if known else 401, "headers": answer})
        await send({"type": "http.response.body", "body": b""})

    def _verified(self, authorization: bytes, tenant: bytes) -> bytes:
        token = authorization.decode().removeprefix("Bearer ")
        key = self._keys[jws.get_unverified_header(token)["kid"]]
        claims = json.loads(jws.verify(token, key, "RS256"))
        return signed_actor(self._secret, claims["sub"], tenant.decode(), "owner@example.com").encode()


def main() -> None:
    """Serve."""
    app = Verifier(json.loads(os.environ[KEYS]), os.environ["PILLARS_SECRET_KEY"])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", lifespan="off", access_log=False)


if __name__ == "__main__":
    main()
