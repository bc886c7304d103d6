"""All SQL of leads."""

from libs.common.db.repository import Repository
from services.crm.leads.models import Lead


class LeadRepository(Repository[Lead]):
    """Leads of one tenant."""

    model = Lead
