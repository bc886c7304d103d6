"""All SQL of credit notes."""

from sqlalchemy import Select

from libs.common.db.direct import Direct, insert_of
from libs.common.db.repository import Repository
from services.payments.credit_notes.models import CreditNote
from services.payments.ownership import is_customer, is_own

_ADD = Direct(insert_of(CreditNote))


class CreditNoteRepository(Repository[CreditNote]):
    """Credit notes of one tenant; a customer's own alone."""

    model = CreditNote

    @property
    def is_narrowed(self) -> bool:
        """Whether the actor sees his own rows only."""
        return is_customer(self.uow.actor)

    def select(self) -> Select[CreditNote]:
        """The credit notes the actor may see."""
        statement = super().select()
        if is_customer(self.uow.actor):
            statement = statement.where(is_own(CreditNote.customer_user_id, self.uow.actor))
        return statement

    async def add(self, row: CreditNote) -> CreditNote:
        """Insert a credit note with the next flush."""
        self.uow.insert(_ADD, row)
        return row
