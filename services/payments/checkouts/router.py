"""The HTTP side of starting a payment."""

from typing import Any

from fastapi import APIRouter

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from services.payments.caller import CurrentCaller
from services.payments.checkouts.errors import NoPaymentAccount, OrderNotPayable, ReturnUrlRefused
from services.payments.checkouts.flows import start_checkout
from services.payments.checkouts.schemas import CheckoutCreate, CheckoutOut
from services.payments.providers.base import ProviderRefused, ProviderUnavailable
from services.payments.replay import Answered, MayReplay

router = APIRouter(prefix="/payments/checkouts", tags=["payments"])


@router.post(
    "",
    response_model=CheckoutOut,
    status_code=201,
    dependencies=[allow("payments.checkouts.write", active=True)],
    responses=problems(
        NotFound, OrderNotPayable, NoPaymentAccount, ReturnUrlRefused, ProviderRefused, ProviderUnavailable
    ),
)
async def create_checkout(body: CheckoutCreate, caller: CurrentCaller, replay: MayReplay) -> Any:
    """Start paying an order; while its payment is open, a repeat gives the same one."""
    result = await start_checkout(caller, body, replay)
    return result.response() if isinstance(result, Answered) else result
