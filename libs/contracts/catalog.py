"""What catalog publishes: products, prices, stock and reservations."""

from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts.values import Money


class ProductAssigned(Event):
    """A business was given one of the operator's products."""

    wire_name = "catalog.product_assigned.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")

    company_id: UUID
    product_id: UUID
    sku: str
    name: str
    price: Money
    # The code that was asked for: a SKU, a slug, or one that is not offered, for which the default product was given.
    asked: str | None = None


class ProductCreated(Event):
    """A product was added to a catalogue."""

    wire_name = "catalog.product_created.v1"
    about: ClassVar[tuple[str, str]] = ("product", "product_id")

    product_id: UUID
    name: str
    type: str
    status: str


class ProductChanged(Event):
    """A product's data changed; the fields hold what is true now. `deleted` says that it is gone."""

    wire_name = "catalog.product_changed.v1"
    about: ClassVar[tuple[str, str]] = ("product", "product_id")

    product_id: UUID
    name: str
    type: str
    status: str
    deleted: bool = False


class PriceChanged(Event):
    """A variant costs something else from now on."""

    wire_name = "catalog.price_changed.v1"
    about: ClassVar[tuple[str, str]] = ("variant", "variant_id")

    variant_id: UUID
    product_id: UUID
    sku: str
    old_price: Money | None = None
    price: Money


class StoreCreated(Event):
    """A business has a new warehouse."""

    wire_name = "catalog.store_created.v1"
    about: ClassVar[tuple[str, str]] = ("store", "store_id")

    store_id: UUID
    name: str
    is_default: bool


class StockChanged(Event):
    """The stock of a variant in a warehouse; `revision` grows with every change, so a late event is told apart."""

    wire_name = "catalog.stock_changed.v1"
    about: ClassVar[tuple[str, str]] = ("stock", "variant_id")

    store_id: UUID
    variant_id: UUID
    sku: str
    on_hand: int
    reserved: int
    allocated: int
    available: int
    revision: int
    cause: str


class StockLow(Event):
    """What is available of a variant fell to its threshold or below."""

    wire_name = "catalog.stock_low.v1"
    about: ClassVar[tuple[str, str]] = ("stock", "variant_id")

    store_id: UUID
    variant_id: UUID
    sku: str
    name: str
    available: int
    threshold: int


class StockAllocated(Event):
    """The reservation of a paid order became an allocation."""

    wire_name = "catalog.stock_allocated.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID


class StockReleased(Event):
    """What was held for an order is free again."""

    wire_name = "catalog.stock_released.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    cause: str


class StockShipped(Event):
    """Allocated stock left the warehouse with a shipment."""

    wire_name = "catalog.stock_shipped.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    shipment_id: UUID
