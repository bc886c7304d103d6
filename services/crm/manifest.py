"""The crm service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.crm.companies.router import router as companies
from services.crm.db import MODELS, metadata
from services.crm.settings import CrmSettings

SERVICE = Service(
    name="crm",
    description="Customer relations: companies, contacts, leads, deals, tasks, chat and requests.",
    settings=CrmSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(companies,),
    permissions={
        "crm.companies.read": "See companies",
        "crm.companies.write": "Add, change and remove companies",
    },
)
