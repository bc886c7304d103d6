"""The payments service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.payments.db import MODELS, metadata
from services.payments.settings import PaymentsSettings

SERVICE = Service(
    name="payments",
    description="Payments, refunds, invoices and the ledger under them.",
    settings=PaymentsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)
