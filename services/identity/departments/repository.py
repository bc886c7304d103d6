"""All SQL of departments."""

from sqlalchemy import exists, select

from libs.common.db.repository import Repository
from services.identity.departments.models import Department
from services.identity.members.models import Member


class DepartmentRepository(Repository[Department]):
    """Departments of one tenant."""

    model = Department

    async def has_members(self, row: Department) -> bool:
        """Whether anybody belongs to a department."""
        return bool(
            await self.session.scalar(
                select(exists().where(Member.tenant_id == row.tenant_id, Member.department_id == row.id))
            )
        )
