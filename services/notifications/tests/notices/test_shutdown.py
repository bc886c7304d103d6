"""Streams when the server stops."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from libs.common.actor import ACTOR_HEADER
from libs.common.runtime.host import HTTP, Host, listen
from libs.common.testing.actors import user
from services.notifications.manifest import SERVICE


async def test_an_open_stream_does_not_hold_up_a_stop(
    fresh_database: Callable[..., Any], tenant_id: UUID
) -> None:
    host = Host([SERVICE], fresh_database(SERVICE), roles=[HTTP])
    app = await host.start()
    stop, listener = asyncio.Event(), listen(0, exactly=True)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(host.serve(app, listener, stop))
    context = host.contexts["notifications"]
    headers = {ACTOR_HEADER: context.signer.sign(user(tenant_id), context.clock.now().timestamp())}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            async with client.stream("GET", "/notifications/stream", headers=headers) as stream:
                chunks = stream.aiter_bytes()
                assert b"event: ready" in await anext(chunks)
                stop.set()
                rest = [chunk async for chunk in chunks]
        assert rest == []
        # The server would wait for 20 s for a stream that does not end.
        async with asyncio.timeout(10):
            await serving
    finally:
        stop.set()
        await serving
        await host.close()
