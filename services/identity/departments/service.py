"""The rules of departments."""

from libs.common.errors import StillReferenced
from libs.common.resource import ResourceService
from services.identity.departments.models import Department
from services.identity.departments.repository import DepartmentRepository


class DepartmentService(ResourceService[Department]):
    """Departments of a business."""

    repository = DepartmentRepository
    noun = "department"

    async def before_delete(self, row: Department) -> None:
        """Keep one that members belong to."""
        if await DepartmentRepository(self.uow).has_members(row):
            raise StillReferenced("Members belong to this department; move them first.")
