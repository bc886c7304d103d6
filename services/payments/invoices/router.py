"""The HTTP side of invoices."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from libs.common.errors import IdempotencyKeyRequired, InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.idempotency import Idempotent
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.payments.caller import CurrentCaller
from services.payments.deps import Invoices, Settling
from services.payments.documents.response import UNCHANGED, pdf_response
from services.payments.invoices.errors import CurrencyMismatch, InvoiceFinal, InvoiceNotPayable
from services.payments.invoices.printed import invoice_data
from services.payments.invoices.schemas import (
    InvoiceCreate,
    InvoiceOut,
    InvoicePay,
    InvoiceQuery,
    InvoiceUpdate,
    InvoiceVoid,
)
from services.payments.invoices.service import InvoiceService

router = APIRouter(prefix="/invoices", tags=["invoices"])
READ = allow("payments.invoices.read")
WRITE = allow("payments.invoices.write", active=True)
_CHANGE = problems(NotFound, PreconditionFailed, InvoiceFinal, CurrencyMismatch)
_STEP = problems(NotFound, PreconditionFailed, InvalidTransition)


@router.get("", response_model=Page[InvoiceOut], dependencies=[READ])
async def list_invoices(query: Annotated[InvoiceQuery, Query()], invoices: Invoices) -> Any:
    """List invoices, newest first."""
    return await invoices.list(query)


@router.post(
    "",
    response_model=InvoiceOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(CurrencyMismatch),
)
async def create_invoice(body: InvoiceCreate, invoices: Invoices) -> Any:
    """Draft an invoice."""
    return await invoices.create(body)


@router.get("/{invoice_id}", response_model=InvoiceOut, dependencies=[READ], responses=problems(NotFound))
async def get_invoice(invoice_id: UUID, invoices: Invoices) -> Any:
    """Read one invoice."""
    return await invoices.get(invoice_id)


@router.patch("/{invoice_id}", response_model=InvoiceOut, dependencies=[WRITE], responses=_CHANGE)
async def update_invoice(invoice_id: UUID, body: InvoiceUpdate, invoices: Invoices) -> Any:
    """Change some fields of a draft."""
    return await invoices.update(invoice_id, body)


@router.put("/{invoice_id}", response_model=InvoiceOut, dependencies=[WRITE], responses=_CHANGE)
async def replace_invoice(invoice_id: UUID, body: InvoiceCreate, invoices: Invoices) -> Any:
    """Replace a draft."""
    return await invoices.update(invoice_id, body)


@router.delete(
    "/{invoice_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, InvoiceFinal)
)
async def delete_invoice(invoice_id: UUID, invoices: Invoices) -> None:
    """Remove a draft."""
    await invoices.delete(invoice_id)


@router.post("/{invoice_id}/finalize", response_model=InvoiceOut, dependencies=[WRITE], responses=_STEP)
async def finalise_invoice(invoice_id: UUID, invoices: Invoices) -> Any:
    """Give a draft its number; it never changes afterwards."""
    return await invoices.finalise(invoice_id)


@router.post("/{invoice_id}/send", response_model=InvoiceOut, dependencies=[WRITE], responses=_STEP)
async def send_invoice(invoice_id: UUID, invoices: Invoices) -> Any:
    """Send a final invoice to its customer."""
    return await invoices.send(invoice_id)


@router.post("/{invoice_id}/void", response_model=InvoiceOut, dependencies=[WRITE], responses=_STEP)
async def void_invoice(invoice_id: UUID, body: InvoiceVoid, settling: Settling) -> Any:
    """Cancel a final invoice that nobody has paid."""
    return await settling.void(invoice_id, body.reason)


@router.post(
    "/{invoice_id}/pay",
    response_model=InvoiceOut,
    dependencies=[WRITE],
    responses=problems(
        NotFound, IdempotencyKeyRequired, InvalidTransition, InvoiceNotPayable, CurrencyMismatch
    ),
)
async def pay_invoice(invoice_id: UUID, body: InvoicePay, settling: Settling, idempotency: Idempotent) -> Any:
    """Record money that came in for an invoice, in full or in part."""
    return await idempotency.run(lambda: settling.pay(invoice_id, body), InvoiceOut, status=200)


@router.get(
    "/{invoice_id}/pdf",
    dependencies=[READ],
    responses=problems(NotFound) | UNCHANGED,
    response_class=Response,
)
async def print_invoice(
    invoice_id: UUID, caller: CurrentCaller, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The invoice as a PDF."""
    async with caller.unit_of_work() as uow:
        invoice = await InvoiceService(uow).get(invoice_id)
    return await pdf_response(
        caller,
        invoice_data(invoice),
        invoice.issued_at or invoice.created_at,
        invoice.number or "draft",
        if_none_match,
    )
