"""All SQL of rules of review."""

from collections.abc import Sequence

from sqlalchemy import select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from services.identity.registrations.models import Registration
from services.identity.registrations.rules.choosing import Terms, choose
from services.identity.registrations.rules.models import Rule

_MOST = 500


class RuleRepository(Repository[Rule]):
    """The operator's rules."""

    model = Rule

    async def terms(self, registration: Registration) -> Terms:
        """What holds for an application."""
        return choose(await self.all(), registration.product, registration.country, registration.amounts)

    async def all(self) -> Sequence[Rule]:
        """All rules in use."""
        statement = (
            select(Rule)
            .where(Rule.tenant_id == OPERATOR_TENANT_ID, Rule.is_active)
            .order_by(Rule.created_at, Rule.id)
            .limit(_MOST)
        )
        return (await self.session.execute(statement)).scalars().all()
