"""Requests about a subscription that is behind: what is due is billed before they go on, in transactions of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.payments.subscriptions.errors import SubscriptionBehind
from services.payments.subscriptions.life import SubscriptionLife

T = TypeVar("T")


class CatchingUp:
    """Bills up to now what a request has found behind, and no other subscription."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def before(self, subscription_id: UUID, action: Callable[[], Awaitable[T]]) -> T:
        """Do something to a subscription; where it finds that behind, bill what is due and do it from its begin.

        Who may not, or asks for what cannot be, is refused by the action before it looks whether anything is due.
        Where nothing is, the action is all that is done. What was billed stays billed, whatever follows.

        Raises:
            SubscriptionBehind: more is due than is billed in PAYMENTS_SUBSCRIPTION_CATCH_UP_SECONDS.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.uow.context.settings.subscription_catch_up_seconds
        while True:
            try:
                return await action()
            except SubscriptionBehind as behind:
                # Its locks and its connection are given up, for the steps need both.
                await self.uow.roll_back()
                try:
                    async with asyncio.timeout_at(deadline):
                        await self._bill(subscription_id)
                except TimeoutError:
                    raise behind from None

    async def _bill(self, subscription_id: UUID) -> None:
        """Do all that is due by now, a few steps at a time; where this is cut off, the sweep finds the rest."""
        is_behind = True
        while is_behind:
            async with self.uow.context.unit_of_work(tenant_id=self.uow.tenant_id) as uow:
                uow.correlation_id = self.uow.correlation_id
                is_behind = await SubscriptionLife(uow).catch_up(subscription_id) is not None
