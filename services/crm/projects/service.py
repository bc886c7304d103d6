"""The rules of projects."""

from typing import Any, ClassVar

from services.crm.companies.repository import CompanyRepository
from services.crm.deals.repository import DealRepository
from services.crm.links import LinkedService
from services.crm.people.service import PersonService
from services.crm.projects.errors import DueBeforeStart
from services.crm.projects.models import Project, ProjectMember
from services.crm.projects.repository import ProjectRepository


class ProjectService(LinkedService[Project]):
    """Projects of a business."""

    repository = ProjectRepository
    noun = "project"
    links: ClassVar = {"company_id": CompanyRepository, "deal_id": DealRepository}

    async def prepare(self, values: dict[str, Any], row: Project | None) -> dict[str, Any]:
        """Check the references and the dates, and turn member ids into rows.

        Raises:
            DueBeforeStart: it would be due before it starts.
            UnknownPerson: a new member does not work for this business.
        """
        values = await super().prepare(values, row)
        starts_on, due_on = (
            values.get(name, getattr(row, name) if row else None) for name in ("starts_on", "due_on")
        )
        if starts_on and due_on and due_on < starts_on:
            raise DueBeforeStart("Set a later date.")
        if "member_ids" in values:
            kept = {member.user_id: member for member in row.members} if row else {}
            wanted = sorted(set(values.pop("member_ids")))
            await PersonService(self.uow).require("member_ids", set(wanted) - kept.keys())
            values["members"] = [kept.get(i) or ProjectMember(user_id=i) for i in wanted]
        return values
