"""All SQL of requests."""

from libs.common.db.repository import Repository
from services.crm.requests.models import Request


class RequestRepository(Repository[Request]):
    """Requests of one tenant."""

    model = Request
