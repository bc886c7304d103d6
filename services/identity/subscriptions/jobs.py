"""Timed work on subscriptions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.subscriptions.models import Subscription
from services.identity.subscriptions.service import SubscriptionService

_BATCH = 100


def moving(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `move_subscriptions` finds."""
    return select(Subscription.id).where(Subscription.due_at <= now)


async def move_subscriptions(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Do what follows where a trial, a period or a grace has ended."""
    await SubscriptionService(uow).move(_BATCH)
