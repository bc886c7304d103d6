"""The HTTP side of refunds."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import IdempotencyKeyRequired, InvalidTransition, NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.payments.caller import CurrentCaller
from services.payments.deps import Refunds
from services.payments.refunds.errors import PaymentNotRefundable, RefundExceedsPayment
from services.payments.refunds.flows import refund_payment
from services.payments.refunds.schemas import RefundCreate, RefundOut, RefundQuery
from services.payments.replay import Answered, MustReplay

router = APIRouter(tags=["refunds"])
READ = allow("payments.refunds.read")
WRITE = allow("payments.refunds.write", active=True)


@router.post(
    "/payments/{payment_id}/refund",
    response_model=RefundOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, IdempotencyKeyRequired, PaymentNotRefundable, RefundExceedsPayment),
)
async def create_refund(
    payment_id: UUID, body: RefundCreate, caller: CurrentCaller, replay: MustReplay
) -> Any:
    """Give back a payment or a part of it. A pending answer is settled by the provider's webhook or by asking it."""
    result = await refund_payment(caller, payment_id, body, replay)
    return result.response() if isinstance(result, Answered) else result


@router.get("/refunds", response_model=Page[RefundOut], dependencies=[READ])
async def list_refunds(query: Annotated[RefundQuery, Query()], refunds: Refunds) -> Any:
    """List refunds, newest first."""
    return await refunds.list(query)


@router.get(
    "/refunds/{refund_id}", response_model=RefundOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_refund(refund_id: UUID, refunds: Refunds) -> Any:
    """Read one refund."""
    return await refunds.get(refund_id)


@router.post(
    "/refunds/{refund_id}/complete",
    response_model=RefundOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition),
)
async def complete_refund(refund_id: UUID, refunds: Refunds) -> Any:
    """Confirm that the money of a refund outside any provider (a bank transfer) was sent back."""
    return await refunds.complete(refund_id)
