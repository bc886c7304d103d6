"""Whether a service can do its work now: its database answers; what it can do without for a while is told beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from libs.common.messaging.connection import connect, plain_url

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

Check = Callable[[], Awaitable[bool]]
Parts = dict[str, dict[str, Any]]

DATABASE = "database"
_CHECK_SECONDS = 3.0
# However many ask (probes, gateways), the parts are asked once a second, and more often where one is not well: that it
# is well again is seen soon.
KEEP_SECONDS = 1.0
KEEP_BAD_SECONDS = 0.2


class Readiness:
    """Asks the parts of a service, all at once; an answer holds for all who ask meanwhile, and for `keep` seconds.

    One that tells of a part that is not well holds for `keep_bad` seconds at most.

    The database is asked on a connection of its own, so that a pool in full use does not look like a lost database.
    """

    def __init__(
        self, context: "ServiceContext", *, keep: float = KEEP_SECONDS, keep_bad: float = KEEP_BAD_SECONDS
    ) -> None:
        self._context = context
        self._keep = keep
        self._keep_bad = keep_bad
        self._asking: asyncio.Task[Parts] | None = None
        self._holds_until = 0.0

    async def parts(self) -> Parts:
        """The state of each part, as `{"database": {"ok": true}, …}`."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now >= self._holds_until):
            self._asking = asyncio.create_task(self._ask())
        # One that asked and left must not spoil the answer of the others.
        return await asyncio.shield(self._asking)

    def is_ready(self, parts: Parts) -> bool:
        """Whether the process can do what it is there for, in such a state of its parts."""
        essential = {DATABASE} | self._context.essential
        return all(part["ok"] for name, part in parts.items() if name in essential)

    async def _ask(self) -> Parts:
        asked_at = asyncio.get_running_loop().time()
        checks: dict[str, Check] = {DATABASE: self._database, **self._context.checks}
        states = await asyncio.gather(*(_state(check) for check in checks.values()))
        is_well = all(state["ok"] for state in states)
        self._holds_until = asked_at + (self._keep if is_well else min(self._keep, self._keep_bad))
        return dict(zip(checks, states, strict=True))

    async def _database(self) -> bool:
        url, name = plain_url(self._context.engine), f"pillars-{self._context.service.name}-readyz"
        async with await connect(url, name) as connection:
            await connection.execute("SELECT 1")
        return True


async def _state(check: Check) -> dict[str, Any]:
    try:
        return {"ok": await asyncio.wait_for(check(), _CHECK_SECONDS)}
    except Exception as error:
        return {"ok": False, "error": type(error).__name__}
