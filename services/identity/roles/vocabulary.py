"""Which permissions there are: each service says which it asks for."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from libs.common.actor import system_actor
from libs.common.errors import AppError
from libs.common.permissions import ALL
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import NAMES
from libs.contracts.gateway import GATEWAY_PERMISSIONS
from services.identity.roles.errors import UnknownPermission

log = logging.getLogger("pillars.identity")
_CACHE_SECONDS = 300
# What could not be read is asked for again after so many seconds, and not by every request.
_RETRY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission and what it allows."""

    code: str
    service: str
    description: str


_GATEWAY = [Permission(code, "gateway", text) for code, text in GATEWAY_PERMISSIONS.items()]


class Vocabulary:
    """The permissions of all services that can be reached, remembered for some minutes."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._known: dict[str, list[Permission]] = {}
        self._read_at: dict[str, float] = {}

    @classmethod
    def of(cls, context: ServiceContext) -> "Vocabulary":
        """The one of this process."""
        if "vocabulary" not in context.resources:
            context.resources["vocabulary"] = cls(context)
        found: Vocabulary = context.resources["vocabulary"]
        return found

    async def all(self) -> list[Permission]:
        """Every permission, by code."""
        own = self._context.service
        others = [name for name in self._context.upstreams.names if name != own.name]
        await asyncio.gather(*(self._read(name) for name in others))
        found = [Permission(code, own.name, text) for code, text in own.permissions.items()]
        found += [permission for name in others for permission in self._known.get(name, ())]
        found += _GATEWAY
        return sorted(found, key=lambda permission: permission.code)

    async def unknown(self, permissions: Iterable[str]) -> list[str]:
        """Those of these permissions that nothing asks for; of a service that cannot be reached any may be one."""
        codes = {permission.code for permission in await self.all()}
        unread = set(NAMES) - {self._context.service.name, *self._known}

        def is_known(permission: str) -> bool:
            if permission == ALL or permission.partition(".")[0] in unread:
                return True
            if permission.endswith(".*"):
                return any(code.startswith(permission[:-1]) for code in codes)
            return permission in codes

        return sorted(each for each in permissions if not is_known(each))

    async def require_known(self, permissions: Iterable[str]) -> None:
        """Refuse permissions that nothing asks for.

        Other services may be asked for theirs, so no transaction should be open.

        Raises:
            UnknownPermission: there are some; they are named.
        """
        if unknown := await self.unknown(permissions):
            raise UnknownPermission(f"Nothing asks for {', '.join(unknown)}.", permissions=unknown)

    async def _read(self, service: str) -> None:
        now = self._context.clock.now().timestamp()
        if now - self._read_at.get(service, 0) < _CACHE_SECONDS:
            return
        try:
            told = await self._context.upstreams.call(
                service, "GET", "/internal/permissions", actor=system_actor("identity")
            )
        except AppError as error:
            # What was read before still holds; a list without one service is better than none.
            log.warning("the permissions of %s could not be read: %s", service, error)
            self._read_at[service] = now - _CACHE_SECONDS + _RETRY_SECONDS
            return
        self._known[service] = [Permission(code, service, text) for code, text in told.items()]
        self._read_at[service] = now
