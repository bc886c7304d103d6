"""All SQL of simulated pushes."""

from libs.common.db.repository import Repository
from services.notifications.sandbox.models import SandboxMessage


class SandboxRepository(Repository[SandboxMessage]):
    """Simulated pushes of one tenant, or of all in the platform scope."""

    model = SandboxMessage
