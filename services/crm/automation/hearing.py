"""The events that rules can hear: what each is about, and what it takes to see it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts import crm
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.catalog import StockLow
from libs.contracts.orders import OrderCancelled, OrderPaid, OrderPlaced
from libs.contracts.payments import InvoiceOverdue, PaymentFailed
from services.crm.automation.errors import UnknownEvent
from services.crm.automation.fields import FieldType, Kind, fields_of
from services.crm.automation.objects import OBJECTS

CHANGED = CHANGE_RECORDED["crm"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One kind of event.

    Attributes:
        noun, id_field: what it is about, and the field with its id.
        type_field: the field that says what it is about, where that differs from event to event.
        permission: what it takes to see such a thing, where it is not one of this service.
    """

    event: type[Event]
    noun: str
    id_field: str
    type_field: str | None = None
    permission: str | None = None

    @property
    def fields(self) -> dict[str, FieldType]:
        """What it says."""
        found = fields_of(self.event)
        if self.event is CHANGED:
            found["changed"] = FieldType(kind=Kind.LIST)
        return found

    def about(self, data: dict[str, Any]) -> tuple[str, UUID | None]:
        """The type and id of the thing that an event is about."""
        try:
            found = UUID(str(data.get(self.id_field)))
        except ValueError:
            found = None
        return (str(data.get(self.type_field)) if self.type_field else self.noun), found


def _of(event: type[Event], permission: str | None = None) -> Heard:
    noun, id_field = event.about
    return Heard(event, noun, id_field, permission=permission)


_OWN: tuple[type[Event], ...] = (
    crm.LeadCreated,
    crm.LeadChanged,
    crm.LeadConverted,
    crm.DealCreated,
    crm.DealMoved,
    crm.DealAmountChanged,
    crm.DealChanged,
    crm.DealWon,
    crm.DealLost,
    crm.DealReopened,
    crm.TaskAssigned,
    crm.TaskCompleted,
    crm.TaskChanged,
    crm.RequestSubmitted,
)
_ALL = (
    *(_of(event) for event in _OWN),
    Heard(crm.MessagePosted, "message", "object_id", "object_type", "crm.chat.read"),
    Heard(CHANGED, "change", "resource_id", "resource"),
    _of(OrderPlaced, "orders.orders.read"),
    _of(OrderPaid, "orders.orders.read"),
    _of(OrderCancelled, "orders.orders.read"),
    _of(PaymentFailed, "payments.payments.read"),
    _of(InvoiceOverdue, "payments.invoices.read"),
    _of(StockLow, "catalog.stock.read"),
)
HEARD: dict[str, Heard] = {heard.event.wire_name: heard for heard in _ALL}
CLASSES: tuple[type[Event], ...] = tuple(heard.event for heard in _ALL)


def wire_name_of(name: str) -> str:
    """The whole name of an event; the version may be left out.

    Raises:
        UnknownEvent: rules cannot hear it.
    """
    for candidate in (name, f"{name}.v1"):
        if candidate in HEARD:
            return candidate
    raise UnknownEvent(
        f"Rules can hear: {', '.join(sorted(HEARD))}.",
        event=name,
        events=sorted(HEARD),
        errors=[
            {"loc": ["body", "trigger", "event"], "msg": "no event that rules can hear", "type": "unknown"}
        ],
    )


def data_of(wire_name: str, data: dict[str, Any]) -> dict[str, Any]:
    """What an event said, as its class reads it, with what follows from it."""
    heard = HEARD[wire_name]
    found = heard.event.model_validate(data).model_dump()
    if heard.event is CHANGED:
        found["changed"] = sorted(found["after"] or {}) if found["action"] != "created" else []
        found["before"] = found["after"] = None
    return found


def is_about_ours(object_type: str) -> bool:
    """Whether things of this type can be read here."""
    return object_type in OBJECTS
