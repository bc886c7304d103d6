"""The HTTP side of kept mails."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from services.notifications.deps import Mailbox
from services.notifications.mailbox.schemas import MailboxMessageOut, MailboxPage, MailboxQuery

router = APIRouter(prefix="/mailbox", tags=["mailbox"])
READ = allow("notifications.mailbox.read")


@router.get("", response_model=MailboxPage, dependencies=[READ])
async def list_mailbox(query: Annotated[MailboxQuery, Query()], mailbox: Mailbox) -> Any:
    """List mails that were kept because no SMTP server is configured; the platform's staff see those of all.

    Mails with a link that opens an account are listed for superadministrators only, and in a business for who may invite.
    """
    return await mailbox.list(query)


@router.get("/{mail_id}", response_model=MailboxMessageOut, dependencies=[READ], responses=problems(NotFound))
async def get_mailbox_message(mail_id: UUID, mailbox: Mailbox) -> Any:
    """Read one kept mail, as text and as HTML."""
    return await mailbox.get(mail_id)
