"""The rules of companies."""

from services.crm.companies.models import Company
from services.crm.companies.repository import CompanyRepository
from services.crm.links import LinkedService


class CompanyService(LinkedService[Company]):
    """Companies a business deals with."""

    repository = CompanyRepository
    noun = "company"
