"""The road that the provider's webhooks take: some come twice, some late, some out of order, some need another try."""

import asyncio
import random
from collections import Counter

import aiohttp
from aiohttp import web

_PASSED = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature", "user-agent")
_LATEST = 4.0


class WebhookRoad:
    """Takes webhooks as the gateway would, and hands them on in its own way.

    It never says that one has arrived before the gateway has said so.

    Attributes:
        done: how many came, were duplicated, delayed, reordered, lost on the way there or on the way back.
        refused: genuine webhooks that were answered with a 4xx.
    """

    def __init__(self, gateway: str, chance: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self.refused: list[str] = []
        self.is_rough = True
        self.url = ""
        self._gateway = gateway
        self._chance = chance
        self._overtaken = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._repeats: set[asyncio.Task[int]] = set()

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=12))
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening; repeats still on their way are dropped."""
        for task in self._repeats:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _take(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except ConnectionError:
            # The sender died.
            return web.Response(status=400)
        headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
        self.done["received"] += 1
        fate = self._chance.random() if self.is_rough else 1.0
        if fate < 0.30:
            self.done["duplicated"] += 1
            for _ in range(self._chance.choice((1, 1, 2))):
                self._repeat(request.path, headers, body, self._chance.choice((0.0, 0.0, 0.3, _LATEST)))
        elif fate < 0.42:
            self.done["delayed"] += 1
            await asyncio.sleep(self._chance.uniform(0.5, _LATEST))
        elif fate < 0.54:
            self.done["reordered"] += 1
            await self._wait_to_be_overtaken()
        elif fate < 0.60:
            self.done["lost on the way there"] += 1
            return web.Response(status=503)
        status = await self._pass_on(request.path, headers, body)
        self._overtaken.set()
        if 0.60 <= fate < 0.66:
            self.done["lost on the way back"] += 1
            return web.Response(status=502)
        return web.Response(status=status)

    async def _wait_to_be_overtaken(self) -> None:
        self._overtaken.clear()
        try:
            async with asyncio.timeout(_LATEST):
                await self._overtaken.wait()
        except TimeoutError:
            pass

    def _repeat(self, path: str, headers: dict[str, str], body: bytes, wait: float) -> None:
        async def later() -> int:
            await asyncio.sleep(wait)
            return await self._pass_on(path, headers, body)

        task = asyncio.create_task(later())
        self._repeats.add(task)
        task.add_done_callback(self._repeats.discard)

    async def _pass_on(self, path: str, headers: dict[str, str], body: bytes) -> int:
        assert self._session is not None
        try:
            async with self._session.post(self._gateway + path, data=body, headers=headers) as response:
                status = response.status
                if 400 <= status < 500 and status not in (408, 425, 429):
                    self.refused.append(f"{status} {(await response.text())[:200]}")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 502
        return status
