"""Whether a service can do its work now: its database answers; what it can do without for a while is told beside it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import QueuePool, text

from libs.common.messaging.connection import connect, plain_url

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

Check = Callable[[], Awaitable[bool]]
State = dict[str, Any]
Parts = dict[str, State]

DATABASE = "database"
_CHECK_SECONDS = 3.0
# However many ask (probes, gateways), a part is asked once a second, and more often where it is not well: that it is
# well again is seen soon.
KEEP_SECONDS = 1.0
KEEP_BAD_SECONDS = 0.2


class Readiness:
    """Asks the parts of a service, all at once. That one is well holds for `keep` seconds, else for `keep_bad`.

    The database is asked on a connection of the pool that is free, which takes a moment where a new one takes many; on
    one of its own where there is none, so that a pool in full use does not look like a lost database.
    """

    def __init__(
        self, context: "ServiceContext", *, keep: float = KEEP_SECONDS, keep_bad: float = KEEP_BAD_SECONDS
    ) -> None:
        self._context = context
        self._parts: defaultdict[str, _Part] = defaultdict(partial(_Part, keep, keep_bad))

    async def parts(self) -> Parts:
        """The state of each part, as `{"database": {"ok": true}, …}`."""
        checks: dict[str, Check] = {DATABASE: self._database, **self._context.checks}
        states = await asyncio.gather(*(self._parts[name].state(check) for name, check in checks.items()))
        return dict(zip(checks, states, strict=True))

    def is_ready(self, parts: Parts) -> bool:
        """Whether the process can do what it is there for, in such a state of its parts."""
        essential = {DATABASE} | self._context.essential
        return all(part["ok"] for name, part in parts.items() if name in essential)

    async def _database(self) -> bool:
        pool = self._context.engine.pool
        if isinstance(pool, QueuePool) and pool.checkedin():
            async with self._context.engine.connect() as pooled:
                await pooled.execute(text("SELECT 1"))
            return True
        url, name = plain_url(self._context.engine), f"pillars-{self._context.service.name}-readyz"
        async with await connect(url, name) as connection:
            await connection.execute("SELECT 1")
        return True


class _Part:
    """What is known of one part; it is asked once for all who want to know meanwhile."""

    def __init__(self, keep: float, keep_bad: float) -> None:
        self._keep = keep
        self._keep_bad = keep_bad
        self._asking: asyncio.Task[State] | None = None
        self._holds_until = 0.0

    async def state(self, check: Check) -> State:
        """Its state, as `{"ok": true}` or `{"ok": false, "error": …}`."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now >= self._holds_until):
            self._asking = asyncio.create_task(self._ask(check))
        # One that asked and left must not spoil the answer of the others.
        return await asyncio.shield(self._asking)

    async def _ask(self, check: Check) -> State:
        began = asyncio.get_running_loop().time()
        state: State
        try:
            state = {"ok": await asyncio.wait_for(check(), _CHECK_SECONDS)}
        except Exception as error:
            state = {"ok": False, "error": type(error).__name__}
        self._holds_until = began + (self._keep if state["ok"] else self._keep_bad)
        return state
