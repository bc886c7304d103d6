"""Whether a service can do its work now: its database answers, its migrations are in, its broker is there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

Check = Callable[[], Awaitable[bool]]


async def readiness(context: "ServiceContext") -> dict[str, dict[str, Any]]:
    """The state of each part, as `{"database": {"ok": true}, …}`."""
    parts: dict[str, dict[str, Any]] = {}
    for name, check in {"database": lambda: _database(context), **context.checks}.items():
        try:
            ok = await asyncio.wait_for(check(), 3)
            parts[name] = {"ok": ok}
        except Exception as error:
            parts[name] = {"ok": False, "error": type(error).__name__}
    return parts


async def _database(context: "ServiceContext") -> bool:
    async with context.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return True
