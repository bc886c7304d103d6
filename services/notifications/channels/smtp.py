"""Mail over SMTP, one recipient per exchange, so that one refusal is nobody else's."""

import ssl

import aiosmtplib

from libs.common.clock import Clock
from services.notifications.channels.base import Outgoing, PermanentFailure, TemporaryFailure
from services.notifications.channels.mail import build_mail
from services.notifications.settings import NotificationsSettings

# RFC 4954: signing in is needed, has failed, or needs encryption. The operator can mend it, so the mail waits.
_OURS = frozenset({530, 534, 535, 538})
# RFC 3463: class 5, subject 1 (address): the mailbox does not exist.
_NO_SUCH_MAILBOX = "5.1."


class SmtpChannel:
    """Sends through the configured server."""

    def __init__(self, settings: NotificationsSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def send(self, outgoing: Outgoing) -> str:
        """Send one mail and return its `Message-ID`."""
        settings = self._settings
        mail = build_mail(outgoing, sender=settings.smtp_from, now=self._clock.now())
        try:
            async with aiosmtplib.SMTP(
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username,
                password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
                use_tls=settings.smtp_tls == "tls",
                # True demands STARTTLS: never in the clear because somebody in between removed the offer.
                start_tls=settings.smtp_tls == "starttls",
                tls_context=ssl.create_default_context(cafile=settings.smtp_ca_file)
                if settings.smtp_tls != "none"
                else None,
                timeout=settings.smtp_timeout,
            ) as client:
                await client.send_message(mail, recipients=[outgoing.recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(error.recipients[0].code, error.recipients[0].message) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise TemporaryFailure(f"{type(error).__name__}: {error}") from error
        return str(mail["Message-ID"])


def _failure(code: int, message: str) -> Exception:
    reason = f"{code} {message}"[:500]
    if code in _OURS or not 500 <= code < 600:
        return TemporaryFailure(reason)
    return PermanentFailure(reason, is_gone=message.startswith(_NO_SUCH_MAILBOX))
