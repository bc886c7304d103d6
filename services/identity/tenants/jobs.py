"""Timed work on businesses."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.tenants.models import Tenant
from services.identity.tenants.repository import over
from services.identity.tenants.service import TenantService

_BATCH = 100


def ending(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `mark_closed_tenants` finds."""
    return select(Tenant.id).where(*over(now))


async def mark_closed_tenants(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Mark closed businesses whose time is over, and have their data erased."""
    await TenantService(uow).mark_for_erasure(_BATCH)
