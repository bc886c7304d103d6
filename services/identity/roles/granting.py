"""Who may give which role: nobody grants, or takes, what he lacks himself."""

from collections.abc import Collection, Iterable

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import PermissionDenied
from services.identity.roles.catalogue import RoleScope
from services.identity.roles.errors import UnknownRole
from services.identity.roles.repository import RoleRepository


def require_all(actor: Actor, permissions: Iterable[str]) -> None:
    """Refuse unless the actor holds every one of these.

    Raises:
        PermissionDenied: one is lacking; it is named.
    """
    for permission in sorted(permissions):
        if not actor.may(permission):
            raise PermissionDenied(
                f"Only who holds {permission} may grant or take it.", required_permission=permission
            )


async def check_grant(uow: UnitOfWork, wanted: Collection[str], held: Collection[str]) -> None:
    """Let a change of a member's roles pass, in the tenant's scope: the roles added and those taken.

    Raises:
        UnknownRole: a role added does not exist, or has no place in this tenant.
        PermissionDenied: the actor lacks a permission of a role added or taken.
    """
    added, taken = set(wanted) - set(held), set(held) - set(wanted)
    roles = {role.code: role for role in await RoleRepository(uow).by_codes(added | taken)}
    places = {RoleScope.TENANT} | ({RoleScope.PLATFORM} if uow.tenant_id == OPERATOR_TENANT_ID else set())
    unknown = sorted(code for code in added if code not in roles or roles[code].scope not in places)
    if unknown:
        raise UnknownRole(f"These roles cannot be given here: {', '.join(unknown)}.", roles=unknown)
    require_all(uow.actor, {permission for role in roles.values() for permission in role.permissions})
