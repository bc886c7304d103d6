"""All SQL of kept mails."""

from sqlalchemy import ColumnElement, Select, or_

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.notifications.mailbox.models import MailboxMessage

INVITES = "identity.invitations.write"


class MailboxRepository(Repository[MailboxMessage]):
    """Kept mails of one tenant, or of all in the platform scope."""

    model = MailboxMessage

    def select(self) -> Select[MailboxMessage]:
        """Links that open an account are the recipient's: of those who look here, superadministrators alone see them.

        Those that are mailed in a business's name are seen by who may invite to it, too.
        """
        statement, actor = super().select(), self.uow.actor
        if actor.is_superuser:
            return statement
        may_see = actor.tenant_id != OPERATOR_TENANT_ID and actor.may(INVITES)
        return statement if may_see else statement.where(~MailboxMessage.has_link)

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The filters; addresses are kept in lower case."""
        found = super().conditions(query)
        to, subject = getattr(query, "to", None), getattr(query, "subject", None)
        if to is not None:
            found.append(MailboxMessage.recipient.in_([address.strip().lower() for address in to]))
        if subject is not None:
            found.append(or_(*(MailboxMessage.subject.icontains(part, autoescape=True) for part in subject)))
        return found
