"""All SQL of grants to staff."""

from typing import Any

from sqlalchemy import Select

from libs.common.db.repository import Repository
from services.identity.staff_grants.models import StaffGrant


class StaffGrantRepository(Repository[StaffGrant]):
    """The grants over one business that have not ended."""

    model = StaffGrant

    def select(self) -> Select[Any]:
        """Grants in force."""
        return super().select().where(StaffGrant.expires_at > self.uow.now)
