"""All SQL of contacts."""

from libs.common.db.repository import Repository
from services.crm.contacts.models import Contact


class ContactRepository(Repository[Contact]):
    """Contacts of one tenant."""

    model = Contact
