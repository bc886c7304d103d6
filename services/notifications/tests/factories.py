"""Events and rows as the notifications tests need them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.identity import MemberAdded, RegistrationSubmitted, TenantActivated
from libs.contracts.orders import OrderPaid, OrderPlaced, Totals
from libs.contracts.values import Business, Money, OrderLine


async def take(context: ServiceContext, event: Any, tenant_id: UUID | None = None) -> None:
    """Deliver an event, which every handler must take."""
    verdicts = await deliver(context, event, tenant_id)
    assert set(verdicts) == {Verdict.DONE}, verdicts


async def run_jobs(context: ServiceContext) -> None:
    """Run what is due."""
    await JobRunner(context).run_due()


def zar(amount: int) -> Money:
    """Rand in cents."""
    return Money(amount=amount, currency="ZAR")


def member(tenant_id: UUID, *roles: str, **changes: Any) -> MemberAdded:
    """A person joins a business."""
    fields: dict[str, Any] = {
        "company_id": tenant_id,
        "user_id": new_id(),
        "email": f"{new_id().hex}@example.com",
        "first_name": "Thandi",
        "last_name": "Mokoena",
        "roles": list(roles or ("owner",)),
    }
    return MemberAdded(**{**fields, **changes})


async def join(context: ServiceContext, tenant_id: UUID, *roles: str, **changes: Any) -> MemberAdded:
    """A person who has joined a business."""
    event = member(tenant_id, *roles, **changes)
    await take(context, event, tenant_id)
    return event


def acting(client: Client, event: MemberAdded) -> Client:
    """The client as that member."""
    return client.acting(user(event.company_id, user_id=event.user_id, email=event.email))


def operator(client: Client) -> Client:
    """The client as a member of the platform's staff."""
    return client.acting(user(OPERATOR_TENANT_ID))


def registration(**changes: Any) -> RegistrationSubmitted:
    """A business asks to join."""
    fields: dict[str, Any] = {
        "registration_id": new_id(),
        "company_id": new_id(),
        "company_name": f"Karoo Coffee {new_id().hex[-6:]}",
        "business": Business(name="Karoo Coffee"),
        "owner_user_id": new_id(),
        "owner_email": f"{new_id().hex}@example.com",
        "owner_first_name": "Thandi",
        "owner_last_name": "Mokoena",
        "product": "micro-sites",
    }
    return RegistrationSubmitted(**{**fields, **changes})


def activation(tenant_id: UUID, **changes: Any) -> TenantActivated:
    """A business is approved."""
    fields: dict[str, Any] = {
        "company_id": tenant_id,
        "company_name": "Karoo Coffee",
        "owner_user_id": new_id(),
        "owner_email": f"{new_id().hex}@example.com",
        "currency": "ZAR",
    }
    return TenantActivated(**{**fields, **changes})


def _order(email: str, changes: dict[str, Any]) -> dict[str, Any]:
    line = OrderLine(
        line_id=new_id(),
        variant_id=new_id(),
        product_id=new_id(),
        sku="HB-1",
        name="House <blend>",
        quantity=2,
        unit_price=zar(19900),
        discount=zar(0),
        total=zar(39800),
    )
    totals = Totals(subtotal=zar(39800), discount=zar(0), shipping=zar(5000), tax=zar(0), total=zar(44800))
    fields = {"order_id": new_id(), "number": "1001", "email": email, "lines": [line], "totals": totals}
    return {**fields, **changes}


def placed(email: str, **changes: Any) -> OrderPlaced:
    """A customer orders."""
    now = datetime.now(UTC)
    return OrderPlaced(reserved_until=now, placed_at=now, **_order(email, changes))


def paid(order: OrderPlaced) -> OrderPaid:
    """The customer pays."""
    same = order.model_dump(exclude={"reserved_until", "placed_at"})
    return OrderPaid(**same, payment_id=new_id(), paid_at=datetime.now(UTC))


async def register_device(client: Client, token: str | None = None) -> str:
    """A device of the acting user."""
    token = token or f"ok-{new_id().hex}"
    response = await client.post("/fcm/register", json={"token": token})
    assert response.status_code in (200, 201), response.text
    return token


async def notices(client: Client, **params: Any) -> list[dict[str, Any]]:
    """The inbox of the acting user."""
    response = await client.get("/notifications", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def mails(client: Client, to: str) -> list[dict[str, Any]]:
    """The kept mails to an address, as the platform's staff see them."""
    response = await operator(client).get("/mailbox", params={"to": to})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def pushes(client: Client, token: str) -> list[dict[str, Any]]:
    """The simulated pushes to a device."""
    response = await operator(client).get("/fcm/sandbox/messages", params={"token": token})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def all_deliveries(client: Client, **params: Any) -> list[dict[str, Any]]:
    """The deliveries of the acting user's tenant."""
    response = await client.get("/deliveries", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items
