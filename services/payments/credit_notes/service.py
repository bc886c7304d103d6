"""The rules of credit notes: one for each refund of an invoiced order."""

from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.resource import ResourceService
from libs.contracts.payments import CreditNoteIssued
from services.payments.credit_notes.models import CreditNote
from services.payments.credit_notes.parts import next_parts
from services.payments.credit_notes.postings import of_credit_note
from services.payments.credit_notes.repository import CreditNoteRepository
from services.payments.documents.numbers import CREDIT_NOTES, next_number
from services.payments.invoices.models import Invoice
from services.payments.invoices.repository import InvoiceRepository
from services.payments.ledger.service import LedgerService
from services.payments.refunds.models import Refund


class CreditNoteService(ResourceService[CreditNote]):
    """Credit notes against final invoices."""

    repository = CreditNoteRepository
    noun = "credit note"

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.invoices = InvoiceRepository(uow)
        self.ledger = LedgerService(uow)

    async def issue_for(self, refund: Refund, invoice: Invoice | None) -> CreditNote | None:
        """Credit what was refunded against the locked invoice of its order; the caller writes the refund.

        None where there is no invoice (yet), or it was paid by another payment: an order paid twice has one invoice,
        and giving the second payment back takes nothing from it.
        """
        if invoice is None or refund.credit_note_id is not None or invoice.payment_id != refund.payment_id:
            return None
        amount = min(refund.amount_minor, invoice.total_minor - invoice.credited_minor)
        if amount <= 0:
            return None
        parts, is_told = next_parts(invoice, amount), invoice.tax_included_minor is not None
        assert invoice.number is not None
        note = await self.rows.add(
            unsaved(
                CreditNote,
                id=new_id(),
                number=await next_number(self.uow, CREDIT_NOTES),
                invoice_id=invoice.id,
                invoice_number=invoice.number,
                order_id=invoice.order_id,
                refund_id=refund.id,
                currency=invoice.currency,
                goods_minor=parts.goods,
                shipping_minor=parts.shipping,
                tax_minor=parts.tax,
                tax_included_minor=parts.tax_included if is_told else None,
                shipping_tax_included_minor=parts.shipping_tax_included if is_told else None,
                total_minor=amount,
                reason=refund.reason,
                email=invoice.email,
                customer_name=invoice.customer_name,
                customer_user_id=invoice.customer_user_id,
                billing_address=invoice.billing_address,
                seller=invoice.seller or {"name": "Credit note"},
                issued_at=self.uow.now,
            )
        )
        invoice.credited_minor += amount
        await self.invoices.save(invoice)
        refund.credit_note_id = note.id
        self.ledger.post("credit_note", note.id, f"Credit note {note.number}", of_credit_note(note))
        self.uow.emit(
            CreditNoteIssued(
                credit_note_id=note.id,
                number=note.number,
                invoice_id=invoice.id,
                order_id=note.order_id,
                email=note.email,
                total=note.total,
                issued_at=self.uow.now,
            )
        )
        self.uow.audit("issued", self.noun, note.id, after={"number": note.number})
        return note
