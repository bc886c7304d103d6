"""Timed work on sign-ins with outside accounts."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.oidc.repository import FlowRepository

_BATCH = 5_000


async def forget_oidc_flows(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove the sign-ins and codes with which nobody came back in time."""
    await FlowRepository(uow).remove_expired(_BATCH)
