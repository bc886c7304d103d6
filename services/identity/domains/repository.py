"""All SQL of domains."""

from libs.common.db.repository import Repository
from services.identity.domains.models import Domain


class DomainRepository(Repository[Domain]):
    """Host names of one tenant."""

    model = Domain
