"""The HTTP side of subscriptions."""

from collections.abc import Awaitable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from libs.common.errors import IdempotencyInProgress, InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.idempotency import OptionallyIdempotent
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import SUBSCRIPTIONS
from services.payments.deps import CaughtUp, Subscriptions
from services.payments.invoices.errors import CurrencyMismatch
from services.payments.invoices.schemas import InvoiceOut
from services.payments.subscriptions.change_schemas import ChangePreview, SubscriptionChange
from services.payments.subscriptions.errors import PlanNotForSale, SubscriptionBehind, SubscriptionRunning
from services.payments.subscriptions.schemas import (
    SubscriptionCancel,
    SubscriptionCreate,
    SubscriptionInvoiceQuery,
    SubscriptionOut,
    SubscriptionPause,
    SubscriptionQuery,
    SubscriptionUpdate,
)

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
READ = allow("payments.subscriptions.read")
WRITE = allow("payments.subscriptions.write", active=True, feature=SUBSCRIPTIONS)
# Nobody is kept in what he pays for: neither by a plan that a business no longer has, nor by a right to sell.
CANCEL = allow("payments.subscriptions.cancel", active=True)
_CHANGE = problems(NotFound, PreconditionFailed)
_STEP = problems(NotFound, PreconditionFailed, InvalidTransition, SubscriptionBehind)
_TERMS = problems(
    NotFound, PreconditionFailed, InvalidTransition, PlanNotForSale, CurrencyMismatch, SubscriptionBehind
)


@router.get("", response_model=Page[SubscriptionOut], dependencies=[READ])
async def list_subscriptions(
    query: Annotated[SubscriptionQuery, Query()], subscriptions: Subscriptions
) -> Any:
    """List subscriptions, newest first; a customer sees those made for that account."""
    return await subscriptions.list(query)


@router.post(
    "",
    response_model=SubscriptionOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(PlanNotForSale, IdempotencyInProgress),
)
async def create_subscription(
    body: SubscriptionCreate, subscriptions: Subscriptions, idempotency: OptionallyIdempotent
) -> Any:
    """Sell a subscription, by a plan or by terms of its own.

    Each period begins with one invoice, the first one at once unless there is a trial or it begins later. Of one that
    began long ago the first periods are billed at once and the others right after the answer: `period` counts them.
    A period that begins on a day that a month lacks begins on its last day: 31 January, 28 February, 31 March. Days are
    those of UTC.
    """
    return await idempotency.run(lambda: subscriptions.sell(body), SubscriptionOut)


@router.get(
    "/{subscription_id}", response_model=SubscriptionOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_subscription(subscription_id: UUID, subscriptions: Subscriptions) -> Any:
    """Read one subscription."""
    return await subscriptions.get(subscription_id)


@router.patch("/{subscription_id}", response_model=SubscriptionOut, dependencies=[WRITE], responses=_CHANGE)
async def update_subscription(
    subscription_id: UUID, body: SubscriptionUpdate, subscriptions: Subscriptions
) -> Any:
    """Change who is billed and how, for invoices to come. Plan and quantity are changed by `change`."""
    return await subscriptions.update(subscription_id, body)


@router.put("/{subscription_id}", response_model=SubscriptionOut, dependencies=[WRITE], responses=_CHANGE)
async def replace_subscription(
    subscription_id: UUID, body: SubscriptionCreate, subscriptions: Subscriptions
) -> Any:
    """Replace who is billed and how; what was sold may be repeated and does not change."""
    return await subscriptions.update(subscription_id, body)


@router.delete(
    "/{subscription_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, SubscriptionRunning),
)
async def delete_subscription(subscription_id: UUID, subscriptions: Subscriptions) -> None:
    """Remove a subscription that has not begun or is over; its invoices stay."""
    await subscriptions.delete(subscription_id)


@router.post(
    "/{subscription_id}/cancel", response_model=SubscriptionOut, dependencies=[CANCEL], responses=_STEP
)
async def cancel_subscription(
    subscription_id: UUID,
    subscriptions: Subscriptions,
    caught_up: CaughtUp,
    body: SubscriptionCancel | None = None,
) -> Any:
    """End a subscription now, or when what was billed ends; a customer may end his own.

    What has been billed stays due, and nothing of it is credited; a business that gives up its claim voids the invoice.
    Periods that have passed and are not billed yet are billed first.
    """
    return await caught_up.before(
        subscription_id, lambda: subscriptions.cancel(subscription_id, body or SubscriptionCancel())
    )


@router.post(
    "/{subscription_id}/pause", response_model=SubscriptionOut, dependencies=[WRITE], responses=_STEP
)
async def pause_subscription(
    subscription_id: UUID,
    subscriptions: Subscriptions,
    caught_up: CaughtUp,
    body: SubscriptionPause | None = None,
) -> Any:
    """Bill no more periods until it is resumed, and remind of nothing in the meantime.

    Periods that have passed and are not billed yet are billed first.
    """
    return await caught_up.before(
        subscription_id, lambda: subscriptions.pause(subscription_id, body or SubscriptionPause())
    )


@router.post(
    "/{subscription_id}/resume", response_model=SubscriptionOut, dependencies=[WRITE], responses=_STEP
)
async def resume_subscription(
    subscription_id: UUID, subscriptions: Subscriptions, caught_up: CaughtUp
) -> Any:
    """Go on after a pause, or take back a cancellation that waits for the end of the period.

    Where what was billed has ended in the pause, a new period begins now and is billed; the pause is not. Periods that
    have passed and are not billed yet are billed first.
    """
    return await caught_up.before(subscription_id, lambda: subscriptions.resume(subscription_id))


@router.post(
    "/{subscription_id}/change", response_model=SubscriptionOut, dependencies=[WRITE], responses=_TERMS
)
async def change_subscription_terms(
    subscription_id: UUID,
    body: SubscriptionChange,
    subscriptions: Subscriptions,
    idempotency: OptionallyIdempotent,
    caught_up: CaughtUp,
) -> Any:
    """Change plan or quantity, now or when the period ends; `change/preview` shows what it comes to.

    Now, the rest of the period is credited at the old price and charged at the new one. Where periods are of another
    length afterwards, a new one begins now. Whatever is to be credited waits for the next invoice, as a line of it.
    Periods that have passed and are not billed yet are billed first.
    """

    def change() -> Awaitable[Response]:
        return idempotency.run(
            lambda: subscriptions.change(subscription_id, body), SubscriptionOut, status=200
        )

    return await caught_up.before(subscription_id, change)


@router.post(
    "/{subscription_id}/change/preview",
    response_model=ChangePreview,
    dependencies=[WRITE],
    responses=_TERMS,
)
async def preview_subscription_change(
    subscription_id: UUID, body: SubscriptionChange, subscriptions: Subscriptions, caught_up: CaughtUp
) -> Any:
    """What a change would do; nothing is changed. With its `proration_at`, the change gives the same figures.

    Periods that have passed and are not billed yet are billed first.
    """
    return await caught_up.before(subscription_id, lambda: subscriptions.preview(subscription_id, body))


@router.get(
    "/{subscription_id}/invoices",
    response_model=Page[InvoiceOut],
    dependencies=[READ],
    responses=problems(NotFound),
)
async def list_subscription_invoices(
    subscription_id: UUID, query: Annotated[SubscriptionInvoiceQuery, Query()], subscriptions: Subscriptions
) -> Any:
    """List the invoices of a subscription, newest first."""
    return await subscriptions.invoices(subscription_id, query)
