"""The rules of companies."""

from libs.common.resource import ResourceService
from services.crm.companies.models import Company
from services.crm.companies.repository import CompanyRepository


class CompanyService(ResourceService[Company]):
    """Companies a business deals with."""

    repository = CompanyRepository
    noun = "company"
