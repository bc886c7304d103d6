"""All SQL of kept mails."""

from sqlalchemy import ColumnElement

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.notifications.mailbox.models import MailboxMessage


class MailboxRepository(Repository[MailboxMessage]):
    """Kept mails of one tenant, or of all in the platform scope."""

    model = MailboxMessage

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The filters; addresses are kept in lower case."""
        found = super().conditions(query)
        to, subject = getattr(query, "to", None), getattr(query, "subject", None)
        if to is not None:
            found.append(MailboxMessage.recipient == to.strip().lower())
        if subject is not None:
            found.append(MailboxMessage.subject.icontains(subject, autoescape=True))
        return found
