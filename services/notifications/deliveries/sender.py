"""Tries one delivery: claim and commit, call the provider outside any transaction, record what came of it.

A crash between the call and the record makes a second try, so a message may arrive twice, never not at all; the
`Message-ID` of a mail stays the same, by which receivers tell a repeat.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.waiting import backoff
from libs.contracts.notifications import DeliveryFailed
from services.notifications.announcements.kinds import ChannelName
from services.notifications.channels.base import Outgoing, PermanentFailure, TemporaryFailure
from services.notifications.channels.registry import Channels
from services.notifications.deliveries.models import Delivery, DeliveryStatus
from services.notifications.deliveries.repository import DeliveryRepository
from services.notifications.deliveries.schemas import shown
from services.notifications.deliveries.service import SEND
from services.notifications.devices.repository import DeviceRepository
from services.notifications.preferences.quiet_hours import quiet_until
from services.notifications.preferences.repository import PreferenceRepository

log = logging.getLogger("pillars.notifications.deliveries")

# Shorter than the job is held, so that the claim has lapsed when another worker takes the job over.
CALL_SECONDS = 45.0
CLAIM_SECONDS = 55.0
FIRST_RETRY_SECONDS = 30.0
LONGEST_RETRY_SECONDS = 6 * 3600.0


class DeliveryTaken(Exception):
    """Another worker is trying this delivery; its claim lapses soon if that worker has died."""


class Sender:
    """Sends deliveries of one tenant. `uow` is that of the job: what came of a try and the job's end are one commit."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._context = uow.context
        self._tenant_id = uow.tenant_id
        self._rows = DeliveryRepository(uow)
        self._channels: Channels = uow.context.resources["channels"]

    async def send(self, delivery_id: UUID) -> None:
        """Try a delivery, unless it is finished or must wait.

        Raises:
            DeliveryTaken: another worker has it.
        """
        claimed = await self._claim(delivery_id)
        if claimed is None:
            return
        try:
            async with asyncio.timeout(CALL_SECONDS):
                message_id = await self._channels.by_name[claimed.channel].send(_outgoing(claimed))
        except PermanentFailure as error:
            await self._fail(claimed, str(error), is_gone=error.is_gone)
        except TemporaryFailure as error:
            await self._retry(claimed, str(error), error.retry_after)
        except Exception as error:
            log.exception("unexpected failure of a channel", extra={"delivery_id": str(delivery_id)})
            await self._retry(claimed, f"{type(error).__name__}: {error}", None)
        else:
            await self._settle(claimed, DeliveryStatus.SENT, provider_message_id=message_id, last_error=None)

    async def _claim(self, delivery_id: UUID) -> Delivery | None:
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            rows = DeliveryRepository(uow)
            claimed = await rows.claim(delivery_id, CLAIM_SECONDS)
            if claimed is None:
                row = await rows.get(delivery_id)
                if row is not None and row.status == DeliveryStatus.PENDING:
                    raise DeliveryTaken(f"delivery {delivery_id} is being tried elsewhere")
                return None
            if claimed.channel == ChannelName.PUSH and await self._is_quiet(uow, claimed):
                return None
            return claimed

    async def _is_quiet(self, uow: UnitOfWork, row: Delivery) -> bool:
        """Whether the user sleeps by his own clock; then the push is put off to the end of his quiet hours."""
        if row.user_id is None:
            return False
        choice = (await PreferenceRepository(uow).by_users([row.user_id])).get(row.user_id)
        if choice is None or choice.quiet_start is None or choice.quiet_end is None or not choice.time_zone:
            return False
        until = quiet_until(uow.now, choice.quiet_start, choice.quiet_end, choice.time_zone)
        if until is None:
            return False
        # It was not tried, so the claim is given back.
        row.due_at, row.claimed_until, row.attempts = until, None, row.attempts - 1
        self._defer(uow, row, until.timestamp())
        return True

    async def _retry(self, claimed: Delivery, reason: str, retry_after: float | None) -> None:
        if claimed.attempts >= self._context.settings.delivery_attempts:
            await self._fail(claimed, reason)
            return
        wait = backoff(claimed.attempts, base=FIRST_RETRY_SECONDS, limit=LONGEST_RETRY_SECONDS)
        due_at = self._context.clock.now() + timedelta(seconds=max(wait, retry_after or 0))
        if await self._rows.settle(claimed, {"due_at": due_at, "last_error": reason[:1000]}):
            self._uow.defer(
                SEND, run_at=due_at, key=f"{claimed.id}:{claimed.attempts}", delivery_id=str(claimed.id)
            )

    async def _fail(self, claimed: Delivery, reason: str, *, is_gone: bool = False) -> None:
        await self._settle(claimed, DeliveryStatus.FAILED, is_gone=is_gone, last_error=reason[:1000])

    async def _settle(
        self, claimed: Delivery, status: DeliveryStatus, *, is_gone: bool = False, **values: Any
    ) -> None:
        values |= {"status": str(status), "finished_at": self._uow.now}
        if is_gone and claimed.channel == ChannelName.PUSH:
            await DeviceRepository(self._uow).remove(claimed.recipient)
        if await self._rows.settle(claimed, values) and status is DeliveryStatus.FAILED:
            self._uow.emit(
                DeliveryFailed(
                    delivery_id=claimed.id,
                    channel=claimed.channel,
                    recipient=shown(claimed.channel, claimed.recipient),
                    reason=values["last_error"],
                )
            )

    @staticmethod
    def _defer(uow: UnitOfWork, row: Delivery, tick: float) -> None:
        uow.defer(SEND, run_at=row.due_at, key=f"{row.id}:{row.attempts}:{tick:.0f}", delivery_id=str(row.id))


def _outgoing(row: Delivery) -> Outgoing:
    return Outgoing(
        delivery_id=row.id,
        tenant_id=row.tenant_id,
        recipient=row.recipient,
        subject=row.subject,
        text=row.text,
        html=row.html,
        data=row.data,
    )
