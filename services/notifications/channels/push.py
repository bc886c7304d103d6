"""The push channel of this process, to FCM or to its simulator; loaded by the first push, for its libraries hold 9 MB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from libs.common.runtime.context import ServiceContext
from services.notifications.channels import fcm_simulator
from services.notifications.channels.fcm import FcmChannel
from services.notifications.channels.fcm_simulator import FcmSimulator
from services.notifications.channels.fcm_token import AccessTokens
from services.notifications.sandbox.recorder import PushRecorder
from services.notifications.settings import NotificationsSettings


@asynccontextmanager
async def open_push(context: ServiceContext) -> AsyncIterator[FcmChannel]:
    """The channel, closed with its connections."""
    settings: NotificationsSettings = context.settings
    account = settings.fcm_credentials.get_secret_value() if settings.fcm_credentials else None
    if account:
        client = httpx.AsyncClient(timeout=settings.fcm_timeout)
        base_url = settings.fcm_base_url
    else:
        simulator = FcmSimulator(context.clock, PushRecorder(context).record)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app), timeout=settings.fcm_timeout)
        account, base_url = simulator.account(), fcm_simulator.BASE_URL
    async with client:
        yield FcmChannel(
            client,
            AccessTokens(account, client),
            context.clock,
            base_url=base_url,
            retry_seconds=settings.fcm_retry_seconds,
        )
