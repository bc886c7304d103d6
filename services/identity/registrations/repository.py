"""All SQL of registrations."""

from libs.common.db.repository import Repository
from services.identity.registrations.models import Registration


class RegistrationRepository(Repository[Registration]):
    """Applications: all of them in the platform scope, else the tenant's own."""

    model = Registration
