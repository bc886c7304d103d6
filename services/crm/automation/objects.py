"""The things of this service that rules are about: how each is read, shown and changed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.resource import ResourceService
from libs.common.schema import PatchSchema
from services.crm.companies.repository import CompanyRepository
from services.crm.companies.schemas import CompanyOut, CompanyUpdate
from services.crm.companies.service import CompanyService
from services.crm.contacts.repository import ContactRepository
from services.crm.contacts.schemas import ContactOut, ContactUpdate
from services.crm.contacts.service import ContactService
from services.crm.deals.repository import DealRepository
from services.crm.deals.schemas import DealOut, DealUpdate
from services.crm.deals.transitions import DealTransitions
from services.crm.leads.repository import LeadRepository
from services.crm.leads.schemas import LeadOut, LeadUpdate
from services.crm.leads.service import LeadService
from services.crm.requests.repository import RequestRepository
from services.crm.requests.schemas import RequestOut, RequestUpdate
from services.crm.requests.service import RequestService
from services.crm.tasks.repository import TaskRepository
from services.crm.tasks.schemas import TaskOut, TaskUpdate
from services.crm.tasks.service import TaskService


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind of thing.

    Attributes:
        plural: its path and the middle of its permissions.
        shown, changed: the schemas of what is read of it, and of what a PATCH takes.
        owner: the field that holds who looks after it.
    """

    plural: str
    repository: type[Repository[Any]]
    service: type[ResourceService[Any]]
    shown: type[BaseModel]
    changed: type[PatchSchema]
    owner: str = "owner_id"

    @property
    def read(self) -> str:
        """The permission to see it."""
        return f"crm.{self.plural}.read"

    @property
    def write(self) -> str:
        """The permission to change it."""
        return f"crm.{self.plural}.write"


OBJECTS: dict[str, ObjectKind] = {
    "deal": ObjectKind("deals", DealRepository, DealTransitions, DealOut, DealUpdate),
    "lead": ObjectKind("leads", LeadRepository, LeadService, LeadOut, LeadUpdate),
    "contact": ObjectKind("contacts", ContactRepository, ContactService, ContactOut, ContactUpdate),
    "company": ObjectKind("companies", CompanyRepository, CompanyService, CompanyOut, CompanyUpdate),
    "task": ObjectKind("tasks", TaskRepository, TaskService, TaskOut, TaskUpdate, "assignee_id"),
    "request": ObjectKind("requests", RequestRepository, RequestService, RequestOut, RequestUpdate),
}


async def read_object(uow: UnitOfWork, object_type: str, object_id: UUID) -> dict[str, Any] | None:
    """A thing as its API shows it; None where there is none."""
    kind = OBJECTS[object_type]
    row = await kind.repository(uow).get(object_id)
    return None if row is None else shown(object_type, row)


def shown(object_type: str, row: Any) -> dict[str, Any]:
    """The fields of a row as its API shows them."""
    return OBJECTS[object_type].shown.model_validate(row).model_dump()
