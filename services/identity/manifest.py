"""The identity service on one page."""

from pathlib import Path

from libs.common.runtime.service import Service
from services.identity.db import MODELS, metadata
from services.identity.settings import IdentitySettings

SERVICE = Service(
    name="identity",
    description="Users, tenants, sessions, roles and registrations: who may do what, for whom.",
    settings=IdentitySettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
)
