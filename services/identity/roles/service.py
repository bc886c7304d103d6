"""The rules of roles."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import AlreadyExists
from libs.common.resource import ResourceService
from libs.contracts.identity import AccessChanged
from services.identity.members.repository import MemberRepository
from services.identity.roles.catalogue import SYSTEM_ROLES
from services.identity.roles.errors import RoleInUse, SystemRoleFixed
from services.identity.roles.granting import require_all
from services.identity.roles.models import Role
from services.identity.roles.repository import RoleRepository
from services.identity.roles.vocabulary import Vocabulary

_TAKEN = frozenset(role.code for role in SYSTEM_ROLES)


class RoleService(ResourceService[Role]):
    """Roles of the platform, to read, and those that a business makes for itself."""

    repository = RoleRepository
    noun = "role"
    fixed = frozenset({"code"})

    async def get(self, row_id: UUID, *, lock: bool = False) -> Role:
        """A role that can be seen here; to change it, one that the business made.

        Raises:
            SystemRoleFixed: it is to be changed and belongs to the platform.
        """
        row = await super().get(row_id)
        if lock and row.is_system:
            raise SystemRoleFixed("Roles of the platform cannot be changed; make one of your own.")
        return await super().get(row_id, lock=True) if lock else row

    async def prepare(self, values: dict[str, Any], row: Role | None) -> dict[str, Any]:
        """Put nothing into a role, and take nothing out of it, that its maker lacks.

        Raises:
            AlreadyExists, PermissionDenied.
        """
        if row is None and values["code"] in _TAKEN:
            raise AlreadyExists("The platform has a role of this code.")
        if "permissions" in values:
            wanted = sorted(set(values["permissions"]))
            require_all(self.uow.actor, set(wanted) ^ set(row.permissions if row else ()))
            values = {**values, "permissions": wanted}
        return values

    async def create(self, body: BaseModel) -> Role:
        """Make a role.

        Raises:
            UnknownPermission: it is to hold one that there is not.
        """
        await self._check_known(body)
        return await super().create(body)

    async def update(self, row_id: UUID, body: BaseModel) -> Role:
        """Change a role; whoever holds it may do something else from now on.

        Raises:
            UnknownPermission: it is to hold one that there is not.
        """
        await self._check_known(body)
        row = await super().update(row_id, body)
        self.uow.emit(AccessChanged.of(company_id=self.uow.tenant_id))
        return row

    async def _check_known(self, body: BaseModel) -> None:
        # Before anything is read, for no transaction is to be open while other services are asked.
        await Vocabulary.of(self.uow.context).require_known(getattr(body, "permissions", None) or ())

    async def before_delete(self, row: Role) -> None:
        """Keep a role that somebody holds; nobody is given it now, for its row is locked."""
        if await MemberRepository(self.uow).holders(row.code, limit=1):
            raise RoleInUse("Members still hold this role; take it from them first.")
