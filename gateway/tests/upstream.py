"""A service for tests: says what reached it, streams, stalls, refuses to answer, counts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from libs.common.actor import ACTOR_HEADER, ActorSigner

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Upstream:
    """One service. `release` lets a stalled answer or stream go on; `left` is set once a stream was abandoned."""

    def __init__(self, name: str, signer: ActorSigner) -> None:
        self.name = name
        self.signer = signer
        self.calls: Counter[str] = Counter()
        self.release = asyncio.Event()
        self.left = asyncio.Event()
        self.is_ready = True
        self.parts: dict[str, dict[str, bool]] = {}
        self.internal: dict[str, Any] = {}
        self.asked: list[tuple[str, UUID | None]] = []
        self.openapi: Any = None
        self.is_away = False
        self.app = Starlette(
            routes=[
                Route("/readyz", self._ready),
                Route("/openapi.json", self._openapi),
                Route("/internal/{rest:path}", self._internal, methods=METHODS),
                Route("/deals/stall", self._stall),
                Route("/deals/long", self._long),
                Route("/deals/short", self._short),
                Route("/deals/page", self._page),
                Route("/deals/zipped", self._zipped),
                Route("/deals/removed", self._removed, methods=["DELETE"]),
                Route("/deals/crash", self._crash),
                Route("/notifications/stream", self._events),
                Route("/{rest:path}", self._echo, methods=METHODS),
                Route("/{rest:path}", self._methods, methods=["OPTIONS"]),
            ]
        )

    async def _echo(self, request: Request) -> Response:
        self.calls[request.method] += 1
        try:
            body = await request.body()
        except ClientDisconnect:
            self.left.set()
            raise
        actor = self.signer.verify(request.headers[ACTOR_HEADER], 0)
        return JSONResponse(
            {
                "service": self.name,
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "size": len(body),
                "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.scope["headers"]],
                "client": request.client.host if request.client else None,
                "actor": actor.to_json(),
            },
            headers={"X-Pillars-Secret": "inner", "X-Request-Id": "inner", "X-Own": "kept"},
        )

    async def _methods(self, request: Request) -> Response:
        assert self.signer.verify(request.headers[ACTOR_HEADER], 0).is_anonymous
        return Response(status_code=204, headers={"Allow": "GET, PATCH"})

    async def _removed(self, _: Request) -> Response:
        # As the framework answers where a route says 204 and returns nothing.
        return Response(status_code=204, media_type="application/json")

    async def _ready(self, _: Request) -> Response:
        parts = {"database": {"ok": self.is_ready}, **self.parts}
        return JSONResponse({"status": "ready", "parts": parts}, 200 if self.is_ready else 503)

    async def _openapi(self, _: Request) -> Response:
        self.calls["openapi"] += 1
        if self.is_away:
            return Response(status_code=503)
        return JSONResponse(self.openapi) if self.openapi else Response(status_code=404)

    async def _internal(self, request: Request) -> Response:
        self.calls["internal"] += 1
        asker = self.signer.verify(request.headers[ACTOR_HEADER], 0)
        self.asked.append((asker.kind.value, asker.tenant_id))
        answer = self.internal.get(f"{request.method} {request.url.path}")
        if answer is None:
            return JSONResponse({"slug": "not-found", "status": 404}, 404)
        if callable(answer):
            answer = answer(request, asker, await request.body())
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def _stall(self, _: Request) -> Response:
        self.calls["stall"] += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        return JSONResponse({"stalled": True})

    async def _long(self, _: Request) -> Response:
        return JSONResponse({"text": "lorem ipsum " * 1000})

    async def _short(self, _: Request) -> Response:
        return JSONResponse({"text": "short"}, headers={"ETag": '"3"'})

    async def _page(self, _: Request) -> Response:
        return HTMLResponse("<p>Pay?</p>")

    async def _zipped(self, _: Request) -> Response:
        return Response(b"x" * 5000, headers={"Content-Encoding": "br", "Content-Type": "text/plain"})

    async def _crash(self, _: Request) -> Response:
        raise RuntimeError("boom")

    async def _events(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            try:
                yield b"id: 1\ndata: first\n\n"
                await self.release.wait()
                yield b"id: 2\ndata: second\n\n"
            finally:
                self.left.set()

        return StreamingResponse(events(), media_type="text/event-stream")
