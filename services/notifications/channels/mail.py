"""The mail that a message becomes, whatever carries it."""

import re
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from services.notifications.channels.base import Outgoing, PermanentFailure

_OTHER_SCRIPTS = re.compile(r"[^\x00-\x7f]")
# What nearly every mail has, and the library would take through its parser to give back as it is: a subject of plain
# letters without an encoded word, and an address of RFC 5321's dot-strings.
_PLAIN_SUBJECT = re.compile(r"(?!.*=\?)[!-~]([ -~]*[!-~])?")
_ATOMS = r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
_PLAIN_ADDRESS = re.compile(rf"({_ATOMS})@([a-z0-9-]+(?:\.[a-z0-9-]+)*)", re.ASCII | re.IGNORECASE)


def build_mail(outgoing: Outgoing, *, sender: str, now: datetime) -> EmailMessage:
    """The MIME message; its `Message-ID` depends on the delivery only.

    Raises:
        PermanentFailure: the address cannot be written to.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = from_address(sender)
    mail["To"] = to_address(outgoing.recipient)
    mail["Subject"] = as_read(outgoing.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(outgoing, sender)
    # RFC 3834: tells vacation responders not to answer.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.text)
    if outgoing.html:
        mail.add_alternative(outgoing.html, subtype="html")
    return mail


def message_id(outgoing: Outgoing, sender: str) -> str:
    """The `Message-ID` of a delivery, the same for each try of it."""
    return f"<{outgoing.delivery_id}@{from_address(sender).domain or 'localhost'}>"


def as_read(subject: str) -> str:
    """A subject as its reader sees it.

    Raises:
        PermanentFailure: it cannot be one.
    """
    if _PLAIN_SUBJECT.fullmatch(subject):
        return subject
    # A line break would begin another header.
    if len(subject.splitlines()) > 1:
        raise PermanentFailure("the subject is not one line")
    # An encoded word in a name that somebody chose is text: read, it could be a line break.
    return str(SMTP.header_factory("Subject", subject.replace("=?", "= ?")))


@lru_cache(maxsize=16)
def from_address(sender: str) -> Address:
    """Who sends, of a setting such as `Pillars <hello@example.com>`."""
    name, address = parseaddr(sender)
    return Address(name, addr_spec=address)


def to_address(recipient: str) -> Address:
    """One address, and nothing that could be two or carry a header.

    Raises:
        PermanentFailure: it is not one.
    """
    if plain := _PLAIN_ADDRESS.fullmatch(recipient):
        return Address(username=plain[1], domain=plain[2])
    local, _, domain = recipient.rpartition("@")
    try:
        # RFC 6531: letters of all scripts are good, which the parser does not know; so it is shown others in their place.
        parsed = Address(addr_spec=f"{_OTHER_SCRIPTS.sub('x', local)}@{domain}")
        address = parsed if local.isascii() else Address(username=local, domain=parsed.domain)
    except (HeaderParseError, ValueError, IndexError):
        raise PermanentFailure("not an e-mail address", is_gone=True) from None
    if not address.username or not address.domain or " " in recipient or not recipient.isprintable():
        raise PermanentFailure("not an e-mail address", is_gone=True)
    return address
