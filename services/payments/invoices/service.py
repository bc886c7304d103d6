"""The rules of invoices: drafts are free, final ones stand for ever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.direct import all_of, hydrated
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition
from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.resource import ResourceService
from libs.contracts.orders import OrderPaid
from libs.contracts.payments import InvoiceIssued, InvoiceOverdue, InvoicePaid, InvoiceSent, InvoiceVoided
from services.payments.credit_notes.service import CreditNoteService
from services.payments.documents.numbers import INVOICES, next_number, number_of
from services.payments.invoices.errors import CurrencyMismatch, InvoiceFinal, InvoiceNotPayable
from services.payments.invoices.models import Invoice
from services.payments.invoices.orders import invoice_of
from services.payments.invoices.postings import of_invoice, of_manual_payment, of_void
from services.payments.invoices.repository import InvoiceRepository
from services.payments.invoices.schemas import InvoicePay
from services.payments.invoices.totals import minor, stored_lines, totals
from services.payments.ledger.service import LedgerService
from services.payments.merchants.models import Merchant
from services.payments.merchants.repository import MerchantRepository
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentRepository
from services.payments.refunds.models import Refund
from services.payments.refunds.repository import RefundRepository


class InvoiceService(ResourceService[Invoice]):
    """Invoices to customers."""

    repository = InvoiceRepository
    noun = "invoice"
    rows: InvoiceRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.ledger = LedgerService(uow)

    async def prepare(self, values: dict[str, Any], row: Invoice | None) -> dict[str, Any]:
        """Work the totals of a draft out."""
        if row is not None and row.status != "draft":
            raise InvoiceFinal(f"Invoice {row.number} is {row.status}.", current_status=row.status)
        values = dict(values)
        currency: str = values.get("currency") or row.currency  # type: ignore[union-attr]
        lines = stored_lines(values.pop("lines"), currency) if "lines" in values else row.lines  # type: ignore[union-attr]
        shipping, tax, tax_included = (
            minor(values.pop(name), currency)
            if name in values
            else (getattr(row, f"{name}_minor", None) or 0)
            for name in ("shipping", "tax", "tax_included")
        )
        address = values.get("billing_address")
        if address is not None and not isinstance(address, dict):
            values["billing_address"] = address.model_dump()
        return values | {"lines": lines} | totals(lines, shipping, tax, tax_included)

    async def before_delete(self, row: Invoice) -> None:
        """Drafts go, final ones stay."""
        if row.status != "draft":
            raise InvoiceFinal(f"Invoice {row.number} is {row.status}; void it.", current_status=row.status)

    async def issue_for_order(self, event: OrderPaid) -> Invoice | None:
        """Make the final invoice of a paid order; None where it has one already."""
        payments, merchants = PaymentRepository(self.uow), MerchantRepository(self.uow)
        refunds = RefundRepository(self.uow)
        # The counter comes last: what others wait for is held for what is written below alone.
        locked, merchant, uncredited, numbered = await all_of(
            self.uow,
            payments.locking(event.payment_id),
            merchants.getting(),
            refunds.finding_without_credit_note(event.order_id),
            self.rows.numbering_unless_invoiced(event.order_id),
        )
        number = number_of(numbered)
        if number is None:
            return None
        invoice = invoice_of(event, next(iter(hydrated(Payment, locked)), None))
        self._make_final(invoice, merchants.got(merchant), number)
        self.rows.write(invoice)
        self._record_issued(invoice)
        # A refund may have come before this fact did.
        if uncredited:
            await self.uow.flush()
            for refund in hydrated(Refund, uncredited):
                if await CreditNoteService(self.uow).issue_for(refund, invoice) is not None:
                    await refunds.save(refund)
        return invoice

    async def issue(self, invoice: Invoice) -> Invoice:
        """Add an invoice that is final from the start."""
        invoice.id, invoice.credited_minor = new_id(), 0
        await self._give_number(invoice)
        self.rows.write(invoice)
        self._record_issued(invoice)
        await self.uow.flush()
        return invoice

    async def finalise(self, invoice_id: UUID) -> Invoice:
        """Give a draft its number; from now on it never changes.

        Raises:
            InvalidTransition: it is final already.
        """
        invoice = await self.get(invoice_id, lock=True)
        self.check_version(invoice)
        if invoice.status != "draft":
            raise InvalidTransition(
                f"Invoice {invoice.number} is {invoice.status}.", current_status=invoice.status
            )
        if invoice.due_on is None:
            days = timedelta(days=self.uow.context.settings.invoice_due_days)
            invoice.due_on = (self.uow.now + days).date()
        await self._give_number(invoice)
        await self.rows.save(invoice)
        self._record_issued(invoice)
        self.uow.tag(invoice.version)
        return invoice

    async def send(self, invoice_id: UUID) -> Invoice:
        """Have a final invoice sent to its customer again.

        Raises:
            InvalidTransition: it is a draft or void, or has no address.
        """
        invoice = await self._final(invoice_id)
        if not invoice.email:
            raise InvalidTransition("The invoice has no e-mail address.", current_status=invoice.status)
        invoice.sent_at = self.uow.now
        await self.rows.save(invoice)
        self.uow.emit(
            InvoiceSent(
                invoice_id=invoice.id,
                number=_number(invoice),
                order_id=invoice.order_id,
                email=invoice.email,
                total=invoice.total,
                outstanding=invoice.outstanding,
                due_on=_day(invoice),
                sent_at=self.uow.now,
            )
        )
        self.uow.audit("sent", self.noun, invoice.id, after={"email": invoice.email})
        return invoice

    async def pay(self, invoice_id: UUID, body: InvoicePay) -> Invoice:
        """Record money that came in for an invoice, in full or in part.

        Raises:
            InvoiceNotPayable: it is not due, or less is outstanding. CurrencyMismatch: other money.
        """
        invoice = await self._final(invoice_id)
        amount: Money = body.amount or invoice.outstanding
        if amount.currency != invoice.currency:
            raise CurrencyMismatch(f"The invoice is in {invoice.currency}.")
        if not 0 < amount.amount <= invoice.outstanding.amount:
            raise InvoiceNotPayable(
                f"{invoice.outstanding} is outstanding.", outstanding=invoice.outstanding.model_dump()
            )
        before = {"status": invoice.status, "outstanding": str(invoice.outstanding)}
        invoice.paid_minor += amount.amount
        if invoice.paid_minor == invoice.total_minor:
            invoice.status = "paid"
        await self.rows.save(invoice)
        self.ledger.post(
            "invoice_payment",
            new_id(),
            f"Payment of invoice {invoice.number}" + (f", {body.reference}" if body.reference else ""),
            of_manual_payment(body.method, amount),
        )
        self.uow.emit(
            InvoicePaid(
                invoice_id=invoice.id,
                number=_number(invoice),
                order_id=invoice.order_id,
                amount=amount,
                total=invoice.total,
                outstanding=invoice.outstanding,
                due_on=_day(invoice),
                paid_at=self.uow.now,
            )
        )
        paid = {"amount": str(amount), "reference": body.reference}
        after = {**paid, "status": invoice.status, "outstanding": str(invoice.outstanding)}
        self.uow.audit("paid", self.noun, invoice.id, before=before, after=after)
        return invoice

    async def void(self, invoice_id: UUID, reason: str) -> Invoice:
        """Cancel a final invoice that nobody has paid; its number stays taken.

        Raises:
            InvalidTransition: it is not final, or money came in for it.
        """
        invoice = await self._final(invoice_id)
        if invoice.paid_minor or invoice.credited_minor:
            raise InvalidTransition(
                "Money came in for it; refund that instead.", current_status=invoice.status
            )
        before = {"status": invoice.status}
        invoice.status = "void"
        invoice.voided_at = self.uow.now
        await self.rows.save(invoice)
        self.ledger.post("invoice_void", invoice.id, f"Invoice {invoice.number} is void", of_void(invoice))
        self.uow.emit(
            InvoiceVoided(
                invoice_id=invoice.id,
                number=_number(invoice),
                order_id=invoice.order_id,
                total=invoice.total,
                due_on=_day(invoice),
                voided_at=self.uow.now,
            )
        )
        after = {"status": invoice.status, "reason": reason}
        self.uow.audit("voided", self.noun, invoice.id, before=before, after=after)
        return invoice

    async def mark_overdue(self, limit: int) -> int:
        """Tell of invoices past their due date, once each, and return how many there were."""
        invoices = await self.rows.overdue(self.uow.now.date(), limit)
        for invoice in invoices:
            invoice.overdue_at = self.uow.now
        await self.uow.flush()
        for invoice in invoices:
            assert invoice.number is not None
            assert invoice.due_on is not None
            self.uow.emit(
                InvoiceOverdue(
                    invoice_id=invoice.id,
                    number=invoice.number,
                    email=invoice.email,
                    outstanding=invoice.outstanding,
                    due_on=invoice.due_on.isoformat(),
                ),
                tenant_id=invoice.tenant_id,
            )
        return len(invoices)

    async def _final(self, invoice_id: UUID) -> Invoice:
        invoice = await self.get(invoice_id, lock=True)
        self.check_version(invoice)
        if invoice.status not in ("issued", "paid"):
            raise InvalidTransition(f"The invoice is {invoice.status}.", current_status=invoice.status)
        return invoice

    async def _give_number(self, invoice: Invoice) -> None:
        merchant = await MerchantRepository(self.uow).get()
        self._make_final(invoice, merchant, await next_number(self.uow, INVOICES))

    def _make_final(self, invoice: Invoice, merchant: Merchant | None, number: str) -> None:
        invoice.seller = merchant.printed() if merchant else {"name": "Invoice"}
        invoice.number = number
        invoice.status = "paid" if invoice.paid_minor == invoice.total_minor else "issued"
        invoice.issued_at = self.uow.now

    def _record_issued(self, invoice: Invoice) -> None:
        self.ledger.post("invoice", invoice.id, f"Invoice {invoice.number}", of_invoice(invoice))
        self.uow.emit(
            InvoiceIssued(
                invoice_id=invoice.id,
                number=_number(invoice),
                order_id=invoice.order_id,
                email=invoice.email,
                total=invoice.total,
                outstanding=invoice.outstanding,
                due_on=_day(invoice),
                issued_at=self.uow.now,
            )
        )
        self.uow.audit("issued", self.noun, invoice.id, after={"number": invoice.number})


def _number(invoice: Invoice) -> str:
    assert invoice.number is not None
    return invoice.number


def _day(invoice: Invoice) -> str | None:
    return invoice.due_on.isoformat() if invoice.due_on else None
