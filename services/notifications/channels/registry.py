"""Opens the channels that the settings ask for; what is not configured is simulated, and the log says so."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from libs.common.runtime.context import ServiceContext
from services.notifications.announcements.kinds import ChannelName
from services.notifications.channels import fcm_simulator
from services.notifications.channels.base import Channel
from services.notifications.channels.fcm import FcmChannel
from services.notifications.channels.fcm_simulator import FcmSimulator
from services.notifications.channels.fcm_token import AccessTokens
from services.notifications.channels.mailbox import MailboxChannel
from services.notifications.channels.smtp import SmtpChannel
from services.notifications.sandbox.recorder import PushRecorder
from services.notifications.settings import NotificationsSettings

log = logging.getLogger("pillars.notifications.channels")


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of this process by name, and which of them only simulate."""

    by_name: dict[str, Channel]
    mail_is_kept: bool
    push_is_simulated: bool


@asynccontextmanager
async def open_channels(context: ServiceContext) -> AsyncIterator[Channels]:
    """The channels of this process, closed with it."""
    settings: NotificationsSettings = context.settings
    account = settings.fcm_credentials.get_secret_value() if settings.fcm_credentials else None
    email: Channel
    if settings.smtp_host:
        email = SmtpChannel(settings, context.clock)
    else:
        email = MailboxChannel(context)
        log.warning("no SMTP server is configured: mails are kept in the mailbox (NOTIFICATIONS_SMTP_HOST)")
    if account:
        client = httpx.AsyncClient(timeout=settings.fcm_timeout)
        base_url = settings.fcm_base_url
    else:
        simulator = FcmSimulator(context.clock, PushRecorder(context).record)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app), timeout=settings.fcm_timeout)
        account, base_url = simulator.account(), fcm_simulator.BASE_URL
        log.warning(
            "no FCM service account is configured: pushes are simulated (NOTIFICATIONS_FCM_CREDENTIALS)"
        )
    async with client:
        push = FcmChannel(
            client,
            AccessTokens(account, client),
            context.clock,
            base_url=base_url,
            retry_seconds=settings.fcm_retry_seconds,
        )
        yield Channels(
            by_name={ChannelName.EMAIL: email, ChannelName.PUSH: push},
            mail_is_kept=not settings.smtp_host,
            push_is_simulated=settings.fcm_credentials is None,
        )
