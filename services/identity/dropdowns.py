"""The choice lists of this service."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from libs.common.http.deps import PlatformUow, internal
from libs.common.money import EXPONENTS
from services.identity.registrations.models import RegistrationStatus
from services.identity.registrations.requirements.checks import CHECKS
from services.identity.registrations.requirements.models import RequirementKind
from services.identity.roles.catalogue import RoleScope
from services.identity.roles.models import Role
from services.identity.tenants.countries import CURRENCY_OF
from services.identity.tenants.models import TenantStatus

router = APIRouter(prefix="/internal", include_in_schema=False)


def _plain(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": value, "label": value.replace("_", " ").capitalize()} for value in values]


@router.get("/dropdown-options", dependencies=[internal()])
async def dropdown_options(uow: PlatformUow) -> dict[str, Any]:
    """The choice lists, by category."""
    statement = select(Role.code, Role.name).where(Role.is_system, Role.scope == RoleScope.TENANT)
    roles = (await uow.session.execute(statement.order_by(Role.name))).all()
    return {
        "tenant_status": _plain(TenantStatus),
        "registration_status": _plain(RegistrationStatus),
        "registration_requirement_kind": _plain(RequirementKind),
        "registration_check": _plain(CHECKS),
        "role": [{"value": code, "label": name} for code, name in roles],
        "currency": [{"value": code, "label": code} for code in sorted(EXPONENTS)],
        "country": [{"value": code, "label": code} for code in sorted(CURRENCY_OF)],
    }
