"""The objects of this service that messages can be on, and who looks after each."""

from typing import Any
from uuid import UUID

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from services.crm.companies.repository import CompanyRepository
from services.crm.contacts.repository import ContactRepository
from services.crm.deals.repository import DealRepository
from services.crm.leads.repository import LeadRepository
from services.crm.memos.repository import MemoRepository
from services.crm.projects.repository import ProjectRepository
from services.crm.requests.repository import RequestRepository
from services.crm.tasks.repository import TaskRepository

OWN: dict[str, type[Repository[Any]]] = {
    "company": CompanyRepository,
    "contact": ContactRepository,
    "deal": DealRepository,
    "lead": LeadRepository,
    "memo": MemoRepository,
    "project": ProjectRepository,
    "request": RequestRepository,
    "task": TaskRepository,
}


async def keepers(uow: UnitOfWork, object_type: str, object_id: UUID) -> set[UUID]:
    """Those who look after an object: its owner, assignee or author. Objects of other services have none here.

    Raises:
        NotFound: the object would be ours, and there is none.
    """
    repository = OWN.get(object_type)
    if repository is None:
        return set()
    row = await repository(uow).get(object_id)
    if row is None:
        raise NotFound(f"There is no such {object_type}.", resource=object_type)
    found = {getattr(row, field, None) for field in ("owner_id", "assignee_id", "author_id")}
    return {user_id for user_id in found if user_id is not None}
