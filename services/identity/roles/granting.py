"""Who may give which role: nobody grants, or takes, what he lacks himself."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, or_, select

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import PermissionDenied
from libs.common.permissions import ALL
from services.identity.members.models import Member, MemberRole
from services.identity.roles.catalogue import REACHING_ROLES, RoleScope
from services.identity.roles.errors import UnknownRole
from services.identity.roles.models import Role
from services.identity.roles.repository import RoleRepository


def require_all(actor: Actor, permissions: Collection[str]) -> None:
    """Refuse unless the actor holds every one of these.

    Raises:
        PermissionDenied: one is lacking; it is named.
    """
    if lacking := actor.lacks(permissions):
        permission = min(lacking)
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


async def check_acting(uow: UnitOfWork, user_id: UUID) -> None:
    """Let the actor act as a person, in the platform scope: only as one who may do no more anywhere than he himself.

    Raises:
        PermissionDenied: the person holds a permission, in some business, that the actor lacks there.
    """
    statement = (
        select(Role.permissions, MemberRole.tenant_id)
        .join(MemberRole, MemberRole.role == Role.code)
        .join(Member, and_(Member.tenant_id == MemberRole.tenant_id, Member.id == MemberRole.member_id))
        .where(
            Member.user_id == user_id,
            Role.tenant_id.in_([MemberRole.tenant_id, OPERATOR_TENANT_ID]),
            or_(Role.is_system, Role.tenant_id == MemberRole.tenant_id),
        )
    )
    held = (await uow.session.execute(statement)).all()
    require_all(uow.actor, {permission for permissions, _ in held for permission in permissions})
    reaches_all = not REACHING_ROLES.isdisjoint(uow.actor.roles)
    if not reaches_all and any(tenant_id != uow.actor.tenant_id for _, tenant_id in held):
        raise PermissionDenied(
            "The person may act in a business that you do not reach.", required_permission=ALL
        )
