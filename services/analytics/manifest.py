"""The analytics service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.analytics.db import MODELS, metadata
from services.analytics.settings import AnalyticsSettings

SERVICE = Service(
    name="analytics",
    description="Facts built from events, and the figures read from them.",
    settings=AnalyticsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)
