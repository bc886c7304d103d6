"""The HTTP side of credit notes: to read; refunds make them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.payments.caller import CurrentCaller
from services.payments.credit_notes.printed import credit_note_data
from services.payments.credit_notes.schemas import CreditNoteOut, CreditNoteQuery
from services.payments.credit_notes.service import CreditNoteService
from services.payments.deps import CreditNotes
from services.payments.documents.response import UNCHANGED, pdf_response

router = APIRouter(prefix="/credit-notes", tags=["invoices"])
READ = allow("payments.invoices.read")


@router.get("", response_model=Page[CreditNoteOut], dependencies=[READ])
async def list_credit_notes(query: Annotated[CreditNoteQuery, Query()], credit_notes: CreditNotes) -> Any:
    """List credit notes, newest first."""
    return await credit_notes.list(query)


@router.get(
    "/{credit_note_id}", response_model=CreditNoteOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_credit_note(credit_note_id: UUID, credit_notes: CreditNotes) -> Any:
    """Read one credit note."""
    return await credit_notes.get(credit_note_id)


@router.get(
    "/{credit_note_id}/pdf",
    dependencies=[READ],
    responses=problems(NotFound) | UNCHANGED,
    response_class=Response,
)
async def print_credit_note(
    credit_note_id: UUID, caller: CurrentCaller, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The credit note as a PDF."""
    async with caller.unit_of_work() as uow:
        note = await CreditNoteService(uow).get(credit_note_id)
    return await pdf_response(caller, credit_note_data(note), note.issued_at, note.number, if_none_match)
