"""Idempotency keys of routes that span several transactions.

`libs.common.http.idempotency` keeps one transaction open for the whole request, which a provider call forbids. Here
the key is claimed in the transaction of the intent and answered in that of the outcome. A claim without an answer
is a request that was cut off: its repeat goes on where it stopped.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from libs.common.db.direct import Row, Run, all_of
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import IdempotencyKeyRequired, IdempotencyKeyReused
from libs.common.http.deps import CurrentActor
from libs.common.http.fingerprint import Fingerprint
from libs.common.http.idempotency import IdempotencyKey, Statements, scope_of, statements_of


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

    def __init__(self, scope: str, key: str | None, fingerprint: Fingerprint) -> None:
        self.scope = scope
        self.key = key
        self._fingerprint = fingerprint

    @property
    def request_key(self) -> str | None:
        """What names the request in the tenant: its scope and key."""
        return None if self.key is None else f"{self.scope} {self.key}"

    async def claim_and_read(self, uow: UnitOfWork, *also: Run) -> tuple[Answered | None, list[list[Row]]]:
        """Claim the key in the transaction of the intent; the stored answer where one was given already.

        With it come the rows of other statements, which are sent along and run once the key is claimed.

        Raises:
            IdempotencyKeyReused: the key came before with another body.
        """
        if self.key is None:
            return None, await all_of(uow, *also) if also else []
        statements, mine = self._statements(uow), self._mine(uow)
        claim = statements.claim, {**mine, **self._fingerprint._asdict()}
        _, [stored], *read = await all_of(uow, claim, (statements.find, mine), *also)
        request_hash, content_hash, status, body = stored
        if not self._fingerprint.fits(Fingerprint(request_hash, content_hash)):
            raise IdempotencyKeyReused("Use a new key for a new request.")
        return (None if status is None else Answered(status, body)), read

    async def answer(self, uow: UnitOfWork, body: bytes, *, status: int = 201) -> None:
        """Keep the answer in the transaction of the outcome."""
        if self.key is not None:
            uow.write(self._statements(uow).store, {**self._mine(uow), "status": status, "body": body})

    def _statements(self, uow: UnitOfWork) -> Statements:
        return statements_of(uow.context.models.idempotency_key.__table__)

    def _mine(self, uow: UnitOfWork) -> dict[str, Any]:
        return {"tenant_id": uow.tenant_id, "scope": self.scope, "key": self.key}


async def get_replay(request: Request, actor: CurrentActor, idempotency_key: IdempotencyKey = None) -> Replay:
    """The idempotency key of the request, where one came."""
    return Replay(scope_of(request, actor), idempotency_key, Fingerprint.of(await request.body()))


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
