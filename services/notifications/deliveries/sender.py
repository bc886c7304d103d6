"""Tries deliveries: claim and commit, call the provider outside any transaction, record what came of it.

A crash between the call and the record makes a second try, so a message may arrive twice, never not at all; the
`Message-ID` of a mail stays the same, by which receivers tell a repeat.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.waiting import backoff
from libs.contracts.notifications import DeliveryFailed
from services.notifications.announcements.kinds import ChannelName
from services.notifications.channels.base import (
    Channel,
    ManyChannel,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
)
from services.notifications.channels.registry import Channels
from services.notifications.deliveries.late_link import LINK_ID, with_link
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

    async def send(self, delivery_ids: Sequence[UUID]) -> None:
        """Try deliveries at once, without those that are finished or must wait; what fails is tried again by itself.

        Raises:
            DeliveryTaken: another worker has all that are left of them.
        """
        claimed = await self._claim(delivery_ids)
        sent: list[tuple[Delivery, str]] = []
        failed: list[tuple[Delivery, Exception]] = []
        for row, came in zip(claimed, await self._call(claimed), strict=True):
            if isinstance(came, str):
                sent.append((row, came))
            else:
                failed.append((row, came))
        if sent:
            await self._rows.settle_sent(sent)
        for row, error in failed:
            await self._settle_failed(row, error)

    async def _call(self, claimed: Sequence[Delivery]) -> list[str | Exception]:
        """What the channels answered: the provider's id, or why it was not sent."""
        by_channel: dict[str, list[Outgoing]] = {}
        answers: dict[UUID, str | Exception] = {}
        for row in claimed:
            try:
                outgoing = _outgoing(row)
                if LINK_ID in row.data:
                    outgoing = await with_link(self._context, outgoing)
            except (PermanentFailure, TemporaryFailure) as error:
                answers[row.id] = error
            else:
                by_channel.setdefault(row.channel, []).append(outgoing)
        for channel, came in zip(
            by_channel,
            await asyncio.gather(*(self._call_channel(name, some) for name, some in by_channel.items())),
            strict=True,
        ):
            sent = zip(by_channel[channel], came, strict=True)
            answers |= {outgoing.delivery_id: one for outgoing, one in sent}
        return [answers[row.id] for row in claimed]

    async def _call_channel(self, name: str, some: Sequence[Outgoing]) -> Sequence[str | Exception]:
        channel = self._channels.by_name[name]
        if isinstance(channel, ManyChannel) and len(some) > 1:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    return await channel.send_many(some)
            except Exception as error:
                return [error] * len(some)
        return await asyncio.gather(*(_send(channel, outgoing) for outgoing in some))

    async def _settle_failed(self, claimed: Delivery, error: Exception) -> None:
        if isinstance(error, PermanentFailure):
            await self._fail(claimed, str(error), is_gone=error.is_gone)
        elif isinstance(error, TemporaryFailure):
            await self._retry(claimed, str(error), error.retry_after)
        else:
            log.error(
                "unexpected failure of a channel", exc_info=error, extra={"delivery_id": str(claimed.id)}
            )
            await self._retry(claimed, f"{type(error).__name__}: {error}", None)

    async def _claim(self, delivery_ids: Sequence[UUID]) -> list[Delivery]:
        async with self._context.unit_of_work(tenant_id=self._tenant_id) as uow:
            rows = DeliveryRepository(uow)
            claimed = list(await rows.claim(delivery_ids, CLAIM_SECONDS))
            if len(claimed) < len(set(delivery_ids)):
                mine = {row.id for row in claimed}
                taken = [one for one in await rows.pending(delivery_ids) if one not in mine]
                if taken and not claimed:
                    raise DeliveryTaken(f"deliveries {', '.join(map(str, taken))} are being tried elsewhere")
                for one in taken:
                    # Its worker may have died: looked at again when its claim has lapsed, by itself.
                    again = uow.now + timedelta(seconds=CLAIM_SECONDS)
                    uow.defer(SEND, run_at=again, key=f"{one}:taken", delivery_id=str(one))
            quiet = await self._put_off_quiet(uow, claimed)
            return [row for row in claimed if row.id not in quiet]

    async def _put_off_quiet(self, uow: UnitOfWork, claimed: Sequence[Delivery]) -> set[UUID]:
        """Put off the pushes of users who sleep by their own clocks to the end of their quiet hours."""
        pushes = [(row, row.user_id) for row in claimed if row.channel == ChannelName.PUSH and row.user_id]
        if not pushes:
            return set()
        choices = await PreferenceRepository(uow).by_users({user_id for _, user_id in pushes})
        put_off = set()
        for row, user_id in pushes:
            choice = choices.get(user_id)
            # Midnight is a time as any other.
            if choice is None or choice.quiet_start is None or choice.quiet_end is None:
                continue
            if not choice.time_zone:
                continue
            until = quiet_until(uow.now, choice.quiet_start, choice.quiet_end, choice.time_zone)
            if until is None:
                continue
            # It was not tried, so the claim is given back.
            DeliveryRepository(uow).put_off(row, until)
            self._defer(uow, row, until.timestamp())
            put_off.add(row.id)
        return put_off

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


async def _send(channel: Channel, outgoing: Outgoing) -> str | Exception:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await channel.send(outgoing)
    except Exception as error:
        return error


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
