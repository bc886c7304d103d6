"""The catalog service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.catalog.db import MODELS, metadata
from services.catalog.settings import CatalogSettings

SERVICE = Service(
    name="catalog",
    description="Products, prices, warehouses and stock.",
    settings=CatalogSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)
