"""Idempotency keys of routes that span several transactions.

`libs.common.http.idempotency` keeps one transaction open for the whole request, which a provider call forbids. Here
the key is claimed in the transaction of the intent and answered in that of the outcome. A claim without an answer
is a request that was cut off: its repeat goes on where it stopped.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import IdempotencyKeyRequired, IdempotencyKeyReused
from libs.common.http.deps import CurrentActor


@dataclass(frozen=True)
class Answered:
    """The answer that the first request with a key was given, as JSON bytes."""

    status: int
    body: bytes

    def response(self) -> Response:
        """The same answer once more, marked as a repeat."""
        return Response(
            self.body,
            status_code=self.status,
            media_type="application/json",
            headers={"Idempotency-Replayed": "true"},
        )


class Replay:
    """The idempotency key of one request; `key` is None where none came and none is needed."""

    def __init__(self, scope: str, key: str | None, request_hash: bytes) -> None:
        self.scope = scope
        self.key = key
        self._hash = request_hash

    @property
    def request_key(self) -> str | None:
        """What names the request in the tenant: its scope and key."""
        return None if self.key is None else f"{self.scope} {self.key}"

    async def claim(self, uow: UnitOfWork) -> Answered | None:
        """Claim the key in the transaction of the intent; the stored answer where one was given already.

        Raises:
            IdempotencyKeyReused: the key came before with another body.
        """
        if self.key is None:
            return None
        table: Any = uow.context.models.idempotency_key
        values = {
            "tenant_id": uow.tenant_id,
            "scope": self.scope,
            "key": self.key,
            "request_hash": self._hash,
        }
        await uow.session.execute(insert(table).values(values).on_conflict_do_nothing())
        stored = (await uow.session.execute(select(table).where(*self._mine(uow)))).scalar_one()
        if stored.request_hash != self._hash:
            raise IdempotencyKeyReused("Use a new key for a new request.")
        if stored.status is None:
            return None
        return Answered(stored.status, stored.body)

    async def answer(self, uow: UnitOfWork, body: bytes, *, status: int = 201) -> None:
        """Keep the answer in the transaction of the outcome."""
        if self.key is None:
            return
        table: Any = uow.context.models.idempotency_key
        await uow.session.execute(
            update(table).where(*self._mine(uow), table.status.is_(None)).values(status=status, body=body)
        )

    def _mine(self, uow: UnitOfWork) -> tuple[Any, ...]:
        table: Any = uow.context.models.idempotency_key
        return table.tenant_id == uow.tenant_id, table.scope == self.scope, table.key == self.key


_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any unique string; a repeat with the same key and body gets the first answer again",
    ),
]


async def get_replay(request: Request, actor: CurrentActor, idempotency_key: _Key = None) -> Replay:
    """The idempotency key of the request, where one came."""
    token = request.headers.get("x-cart-token")
    # The token is a secret; what tells callers apart is enough.
    guest = hashlib.sha256(token.encode()).hexdigest() if token else actor.kind
    who = actor.user_id or guest
    scope = f"{request.method} {request.url.path} {who}"
    return Replay(scope, idempotency_key, hashlib.sha256(await request.body()).digest())


async def require_replay(replay: Annotated[Replay, Depends(get_replay)]) -> Replay:
    """The idempotency key of the request.

    Raises:
        IdempotencyKeyRequired: none came.
    """
    if replay.key is None:
        raise IdempotencyKeyRequired("Send an Idempotency-Key header, for instance a UUID.")
    return replay


MayReplay = Annotated[Replay, Depends(get_replay)]
MustReplay = Annotated[Replay, Depends(require_replay)]
