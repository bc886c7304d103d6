"""Opens the channels that the settings ask for; what is not configured is simulated, and the log says so."""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from libs.common.runtime.context import ServiceContext
from services.notifications.announcements.kinds import ChannelName
from services.notifications.channels.base import Channel
from services.notifications.channels.late import LateChannel
from services.notifications.channels.mailbox import MailboxChannel
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
    email: Channel
    if settings.smtp_host:
        from services.notifications.channels.smtp import SmtpChannel

        email = SmtpChannel(settings, context.clock)
    else:
        email = MailboxChannel(context)
        log.warning("no SMTP server is configured: mails are kept in the mailbox (NOTIFICATIONS_SMTP_HOST)")
    if not settings.fcm_credentials:
        log.warning(
            "no FCM service account is configured: pushes are simulated (NOTIFICATIONS_FCM_CREDENTIALS)"
        )
    push = LateChannel(lambda: _push(context))
    try:
        yield Channels(
            by_name={ChannelName.EMAIL: email, ChannelName.PUSH: push},
            mail_is_kept=not settings.smtp_host,
            push_is_simulated=settings.fcm_credentials is None,
        )
    finally:
        await push.close()


def _push(context: ServiceContext) -> AbstractAsyncContextManager[Channel]:
    from services.notifications.channels.push import open_push

    return open_push(context)
