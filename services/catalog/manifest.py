"""The catalog service on one page."""

from pathlib import Path

from libs.common.jobs.job import Job
from libs.common.messaging.subscription import on
from libs.common.runtime.service import Service
from libs.contracts.identity import (
    ProvisioningRequested,
    RegistrationRejected,
    RegistrationSubmitted,
    TenantActivated,
)
from libs.contracts.orders import OrderCancelled, OrderExpired, OrderPaid, ShipmentCreated
from services.catalog import dropdowns
from services.catalog.assigned_products import handlers as assigned_products_handlers
from services.catalog.assigned_products.router import router as assigned_products
from services.catalog.availability.jobs import renew_availability, waiting
from services.catalog.categories.router import router as categories
from services.catalog.db import MODELS, metadata
from services.catalog.invariants import INVARIANTS
from services.catalog.prices.router import router as prices
from services.catalog.privacy import PRIVACY
from services.catalog.products.router import router as products
from services.catalog.reservations import handlers as reservations_handlers
from services.catalog.reservations.jobs import release_stale_reservations
from services.catalog.reservations.router import internal_router as internal_reservations
from services.catalog.reservations.router import router as reservations
from services.catalog.seed import seed
from services.catalog.settings import CatalogSettings
from services.catalog.stock.router import router as stock
from services.catalog.stores import handlers as stores_handlers
from services.catalog.stores.router import router as stores
from services.catalog.suppliers.router import router as suppliers
from services.catalog.usage import router as usage
from services.catalog.variants.router import internal_router as internal_variants
from services.catalog.variants.router import router as variants

SERVICE = Service(
    name="catalog",
    description="Products, prices, suppliers, warehouses and stock.",
    settings=CatalogSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        categories,
        products,
        variants,
        prices,
        stores,
        stock,
        suppliers,
        reservations,
        assigned_products,
        internal_variants,
        internal_reservations,
        dropdowns.router,
        usage,
    ),
    subscriptions=(
        on(
            RegistrationSubmitted,
            "catalog.assign_product",
            assigned_products_handlers.on_registration_submitted,
        ),
        on(
            RegistrationRejected,
            "catalog.revoke_product",
            assigned_products_handlers.on_registration_rejected,
        ),
        on(TenantActivated, "catalog.make_default_store", stores_handlers.on_tenant_activated),
        on(ProvisioningRequested, "catalog.provision_store", stores_handlers.on_provisioning_requested),
        on(
            ProvisioningRequested,
            "catalog.provision_product",
            assigned_products_handlers.on_provisioning_requested,
        ),
        on(OrderPaid, "catalog.allocate_stock", reservations_handlers.on_order_paid),
        on(OrderCancelled, "catalog.release_cancelled", reservations_handlers.on_order_cancelled),
        on(OrderExpired, "catalog.release_expired", reservations_handlers.on_order_expired),
        on(ShipmentCreated, "catalog.ship_stock", reservations_handlers.on_shipment_created),
    ),
    jobs=(
        Job("release_stale_reservations", release_stale_reservations, every=60),
        Job("renew_availability", renew_availability, every=1, finds=waiting),
    ),
    permissions={
        "catalog.products.read": "See products and variants",
        "catalog.products.write": "Add, change and remove products and variants",
        "catalog.categories.read": "See categories",
        "catalog.categories.write": "Add, change, move and remove categories",
        "catalog.prices.read": "See prices and what they were",
        "catalog.prices.write": "Change prices",
        "catalog.stores.read": "See warehouses",
        "catalog.stores.write": "Add, change and remove warehouses",
        "catalog.stock.read": "See stock and its movements",
        "catalog.stock.write": "Adjust, transfer and count stock",
        "catalog.suppliers.read": "See suppliers",
        "catalog.suppliers.write": "Add, change and remove suppliers",
        "catalog.reservations.read": "See what is held for orders",
        "catalog.reservations.write": "Allocate stock to orders that fell short",
        "catalog.assigned_products.read": "See which of the operator's products a business has",
    },
    invariants=INVARIANTS,
    seed=seed,
    privacy=PRIVACY,
)
