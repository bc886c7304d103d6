"""The mail that a message becomes, whatever carries it."""

from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.notifications.channels.base import Outgoing, PermanentFailure


def build_mail(outgoing: Outgoing, *, sender: str, now: datetime) -> EmailMessage:
    """The MIME message; its `Message-ID` depends on the delivery only.

    Raises:
        PermanentFailure: the address cannot be written to.
    """
    mail = head_mail(outgoing, sender=sender, now=now)
    mail.set_content(outgoing.text)
    if outgoing.html:
        mail.add_alternative(outgoing.html, subtype="html")
    return mail


def head_mail(outgoing: Outgoing, *, sender: str, now: datetime) -> EmailMessage:
    """The message without its body.

    Raises:
        PermanentFailure: the address cannot be written to.
    """
    name, address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = to_address(outgoing.recipient)
    try:
        mail["Subject"] = outgoing.subject
    except ValueError:
        # The mail package refuses a line break, which would begin another header.
        raise PermanentFailure("the subject is not one line") from None
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{outgoing.delivery_id}@{address.rpartition('@')[2] or 'localhost'}>"
    # RFC 3834: tells vacation responders not to answer.
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def to_address(recipient: str) -> Address:
    """One address, and nothing that could be two or carry a header.

    Raises:
        PermanentFailure: it is not one.
    """
    try:
        address = Address(addr_spec=recipient)
    except (HeaderParseError, ValueError, IndexError):
        raise PermanentFailure("not an e-mail address", is_gone=True) from None
    if not address.username or not address.domain or any(c.isspace() or ord(c) < 32 for c in recipient):
        raise PermanentFailure("not an e-mail address", is_gone=True)
    return address
