"""The orders service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.orders.db import MODELS, metadata
from services.orders.settings import OrdersSettings

SERVICE = Service(
    name="orders",
    description="Carts, checkout, orders, shipping.",
    settings=OrdersSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)
