"""The rules of rules of review."""

from typing import Any

from libs.common.errors import ValidationFailed
from libs.common.resource import ResourceService
from services.identity.members.repository import MemberRepository
from services.identity.registrations.rules.models import Rule
from services.identity.registrations.rules.repository import RuleRepository


class RuleService(ResourceService[Rule]):
    """Who decides on applications, in the operator's tenant."""

    repository = RuleRepository
    noun = "registration_rule"

    async def prepare(self, values: dict[str, Any], row: Rule | None) -> dict[str, Any]:
        """See that an amount has its currency and that who takes over is of the staff.

        Raises:
            ValidationFailed: it is not so.
        """
        minor = values.get("from_minor", row.from_minor if row else None)
        currency = values.get("currency", row.currency if row else None)
        if (minor is None) != (currency is None):
            raise ValidationFailed.of("currency", "must come with from_minor, and not without")
        lead = values.get("escalate_to_id")
        if lead is not None and await MemberRepository(self.uow).of_user(lead) is None:
            raise ValidationFailed.of("escalate_to_id", "must be somebody of the operator's staff")
        return values
