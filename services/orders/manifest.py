"""The orders service on one page."""

from pathlib import Path

from libs.common.jobs.job import Job
from libs.common.messaging.subscription import on
from libs.common.runtime.service import Service
from libs.contracts.payments import (
    CreditNoteIssued,
    InvoiceIssued,
    PaymentFailed,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from services.orders.carts.jobs import abandon_carts
from services.orders.carts.router import router as carts
from services.orders.checkout.router import router as checkout
from services.orders.db import MODELS, metadata
from services.orders.dropdowns import router as dropdowns
from services.orders.invariants import INVARIANTS
from services.orders.orders.handlers import pay_order, record_document, record_failure, record_refund
from services.orders.orders.internal import router as internal_orders
from services.orders.orders.jobs import complete_orders, completing, expire_orders, expiring
from services.orders.orders.router import router as orders
from services.orders.privacy import PRIVACY
from services.orders.settings import OrdersSettings
from services.orders.shipments.jobs import advance_tracking, stepping
from services.orders.shipments.router import router as shipments
from services.orders.shipping.router import router as shipping
from services.orders.tax_rates.router import router as tax_rates

SERVICE = Service(
    name="orders",
    description="Carts, checkout, orders, shipping.",
    settings=OrdersSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(carts, checkout, orders, shipments, shipping, tax_rates, internal_orders, dropdowns),
    subscriptions=(
        on(PaymentSucceeded, "orders.pay_order", pay_order),
        on((PaymentFailed, RefundFailed), "orders.record_failure", record_failure),
        on(RefundSucceeded, "orders.record_refund", record_refund),
        on((InvoiceIssued, CreditNoteIssued), "orders.record_document", record_document),
    ),
    jobs=(
        Job("expire_orders", expire_orders, every=5, finds=expiring),
        Job("advance_tracking", advance_tracking, every=1, finds=stepping),
        Job("complete_orders", complete_orders, every=1, finds=completing),
        Job("abandon_carts", abandon_carts, every=600),
    ),
    permissions={
        "orders.carts.read": "See carts (customers: their own)",
        "orders.carts.write": "Fill carts and check them out (customers: their own)",
        "orders.orders.read": "See orders (customers: their own)",
        "orders.orders.write": "Place orders for others, confirm and complete them",
        "orders.orders.cancel": "Cancel orders",
        "orders.shipments.write": "Send the goods of orders and report where they are",
        "orders.shipping_accounts.read": "See shipping accounts and their rates",
        "orders.shipping_accounts.write": "Add, change and remove shipping accounts and their rates",
        "orders.shipping_methods.read": "See what shipping costs",
        "orders.tax_rates.read": "See tax rates",
        "orders.tax_rates.write": "Add, change and remove tax rates",
    },
    invariants=INVARIANTS,
    privacy=PRIVACY,
)
