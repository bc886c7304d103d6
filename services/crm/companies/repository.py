"""All SQL of companies."""

from libs.common.db.repository import Repository
from services.crm.companies.models import Company


class CompanyRepository(Repository[Company]):
    """Companies of one tenant."""

    model = Company
