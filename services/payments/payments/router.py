"""The HTTP side of payments; `checkouts` starts them, `refunds` gives them back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import InvalidTransition, NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.payments.deps import Payments
from services.payments.payments.schemas import CaptureBody, PaymentOut, PaymentQuery, VoidBody
from services.payments.providers.base import ManualOnly

router = APIRouter(prefix="/payments", tags=["payments"])
READ = allow("payments.payments.read")
WRITE = allow("payments.payments.write", active=True)


@router.get("", response_model=Page[PaymentOut], dependencies=[READ])
async def list_payments(query: Annotated[PaymentQuery, Query()], payments: Payments) -> Any:
    """List payments, newest first."""
    return await payments.list(query)


@router.get("/{payment_id}", response_model=PaymentOut, dependencies=[READ], responses=problems(NotFound))
async def get_payment(payment_id: UUID, payments: Payments) -> Any:
    """Read one payment."""
    return await payments.get(payment_id)


@router.post(
    "/{payment_id}/capture",
    response_model=PaymentOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition),
)
async def capture_payment(payment_id: UUID, body: CaptureBody, payments: Payments) -> Any:
    """Confirm that the money of a payment outside any provider (a bank transfer) has arrived."""
    return await payments.capture(payment_id, body.note)


@router.post(
    "/{payment_id}/void",
    response_model=PaymentOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, ManualOnly),
)
async def void_payment(payment_id: UUID, body: VoidBody, payments: Payments) -> Any:
    """Give up a pending payment outside any provider."""
    return await payments.void(payment_id, body.reason)
