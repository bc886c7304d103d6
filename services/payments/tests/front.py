"""What stands in front of the service on the public side: strips the prefix and names the caller a guest."""

from typing import Any

from libs.common.actor import ACTOR_HEADER, Actor
from libs.common.runtime.app import build_app
from libs.common.runtime.context import ServiceContext

_PREFIX = "/api/v1"


class Front:
    """An ASGI app over the service. `fails` makes the next so many calls answer 503; `seen` keeps the requests."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._app = build_app(context)
        self.fails = 0
        self.seen: list[dict[str, str]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append({k.decode(): v.decode() for k, v in scope["headers"]})
        if self.fails:
            self.fails -= 1
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        signed = self._context.signer.sign(Actor(), self._context.clock.now().timestamp())
        headers = [pair for pair in scope["headers"] if pair[0].decode() != ACTOR_HEADER]
        path = scope["path"].removeprefix(_PREFIX)
        await self._app(
            {
                **scope,
                "path": path,
                "raw_path": path.encode(),
                "headers": [*headers, (ACTOR_HEADER.encode(), signed.encode())],
            },
            receive,
            send,
        )
