"""All SQL of roles."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, or_, select

from libs.common.db.repository import Repository
from services.identity.roles.models import Role


class RoleRepository(Repository[Role]):
    """The roles of the platform and those that the tenant made."""

    model = Role

    def select(self) -> Select[Any]:
        """Roles that can be seen here."""
        if self.uow.is_platform:
            return super().select()
        return select(Role).where(or_(Role.tenant_id == self.uow.tenant_id, Role.is_system))

    async def by_codes(self, codes: Collection[str]) -> list[Role]:
        """The roles of these codes; those that the tenant made cannot be removed before the transaction ends."""
        own = select(Role).where(
            Role.tenant_id == self.uow.tenant_id, Role.code.in_(codes), Role.is_system.is_(False)
        )
        system = select(Role).where(Role.code.in_(codes), Role.is_system)
        found = list((await self.session.execute(own.with_for_update(key_share=True, read=True))).scalars())
        return found + list((await self.session.execute(system)).scalars())
