"""All SQL of projects."""

from sqlalchemy import ColumnElement, select

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.crm.projects.models import Project, ProjectMember
from services.crm.projects.schemas import ProjectQuery


class ProjectRepository(Repository[Project]):
    """Projects of one tenant."""

    model = Project

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """Those of the columns, and who works on it."""
        found = super().conditions(query)
        if isinstance(query, ProjectQuery) and query.member_id is not None:
            theirs = select(ProjectMember.project_id).where(
                ProjectMember.tenant_id == self.uow.tenant_id, ProjectMember.user_id.in_(query.member_id)
            )
            found.append(Project.id.in_(theirs))
        return found
