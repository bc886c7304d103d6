"""The aliases that identity routers use in their signatures."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import Context, PlatformUow, Uow, provide, provide_platform
from services.identity.audit_log.service import AuditLogService
from services.identity.departments.service import DepartmentService
from services.identity.domains.service import DomainService
from services.identity.members.service import MemberService
from services.identity.roles.service import RoleService
from services.identity.roles.vocabulary import Vocabulary
from services.identity.tenants.service import TenantService
from services.identity.users.service import UserService

S = TypeVar("S")


async def enter_path_tenant(tenant_id: UUID, uow: PlatformUow) -> UnitOfWork:
    """A unit of work in the tenant of the path: the one acted in, or for staff any.

    Raises:
        NotFound: there is no such tenant for the caller.
    """
    await TenantService(uow).reach(tenant_id)
    await uow.enter_tenant(tenant_id)
    return uow


PathTenantUow = Annotated[UnitOfWork, Depends(enter_path_tenant, scope="function")]


async def enter_operator(uow: Uow) -> UnitOfWork:
    """A unit of work in the operator's tenant, whichever the caller acts in: for what the operator sets for all."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    return uow


OperatorUow = Annotated[UnitOfWork, Depends(enter_operator, scope="function")]


def provide_in_operator(kind: Callable[[UnitOfWork], S]) -> Callable[..., Awaitable[S]]:
    """A dependency that makes a service over the operator's tenant."""

    async def make(uow: OperatorUow) -> S:
        return kind(uow)

    return make


def provide_in_path_tenant(kind: Callable[[UnitOfWork], S]) -> Callable[..., Awaitable[S]]:
    """A dependency that makes a service over the tenant of the path."""

    async def make(uow: PathTenantUow) -> S:
        return kind(uow)

    return make


async def _read_vocabulary(context: Context) -> None:
    await Vocabulary.of(context).all()


# Other services say which permissions they have; it stands before what opens a transaction.
VOCABULARY = Depends(_read_vocabulary)

AuditLog = Annotated[AuditLogService, Depends(provide(AuditLogService), scope="function")]
Departments = Annotated[
    DepartmentService, Depends(provide_in_path_tenant(DepartmentService), scope="function")
]
Domains = Annotated[DomainService, Depends(provide_in_path_tenant(DomainService), scope="function")]
Members = Annotated[MemberService, Depends(provide_in_path_tenant(MemberService), scope="function")]
Roles = Annotated[RoleService, Depends(provide(RoleService), scope="function")]
Tenants = Annotated[TenantService, Depends(provide_platform(TenantService), scope="function")]
Users = Annotated[UserService, Depends(provide(UserService), scope="function")]
