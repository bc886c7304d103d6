"""Asking the orders service for an order that is to be paid."""

from uuid import UUID

from libs.common.actor import system_actor
from libs.common.errors import NotFound
from libs.common.runtime.upstreams import UpstreamProblem
from services.payments.caller import Caller
from services.payments.checkouts.schemas import PayableOrder
from services.payments.ownership import is_customer


async def order_for(caller: Caller, order_id: UUID) -> PayableOrder:
    """The order, if it is of the caller's business and the caller may pay it.

    A customer pays his own orders and those that guests made; whoever holds the id of one was given it.

    Raises:
        NotFound: there is no such order for this caller.
    """
    unknown = NotFound("There is no such order.", resource="order")
    actor = system_actor(caller.context.service.name, caller.actor.tenant_id)
    try:
        raw = await caller.context.upstreams.call(
            "orders", "GET", f"/internal/orders/{order_id}", actor=actor
        )
    except UpstreamProblem as problem:
        if problem.upstream_status == 404:
            raise unknown from None
        raise
    order = PayableOrder.model_validate(raw)
    if order.tenant_id != caller.actor.tenant_id:
        raise unknown
    if is_customer(caller.actor) and order.customer_user_id not in (None, caller.actor.user_id):
        raise unknown
    return order
