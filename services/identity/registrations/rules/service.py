"""The rules of rules of review."""

from typing import Any

from libs.common.errors import ValidationFailed
from libs.common.permissions import holds
from libs.common.resource import ResourceService
from services.identity.registrations.reviews.repository import staff_may
from services.identity.registrations.reviews.rights import DECIDE
from services.identity.registrations.rules.models import Rule
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.roles.repository import RoleRepository


class RuleService(ResourceService[Rule]):
    """Who decides on applications, in the operator's tenant."""

    repository = RuleRepository
    noun = "registration_rule"

    async def prepare(self, values: dict[str, Any], row: Rule | None) -> dict[str, Any]:
        """See that an amount has its currency and that who takes over may.

        Raises:
            ValidationFailed: it is not so.
        """
        minor = values.get("from_minor", row.from_minor if row else None)
        currency = values.get("currency", row.currency if row else None)
        if (minor is None) != (currency is None):
            raise ValidationFailed.of("currency", "must come with from_minor, and not without")
        lead, role = values.get("escalate_to_id"), values.get("escalate_role")
        if lead is not None and not await staff_may(self.uow, lead, DECIDE):
            raise ValidationFailed.of("escalate_to_id", "must be somebody of the staff who may decide")
        if role is not None:
            found = await RoleRepository(self.uow).by_codes([role])
            if not any(holds(one.permissions, DECIDE) for one in found):
                raise ValidationFailed.of("escalate_role", "must be a role whose holders may decide")
        return values
