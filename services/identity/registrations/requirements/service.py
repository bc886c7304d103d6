"""The rules of requirements: what the operator requires."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from libs.common.errors import AlreadyExists, ValidationFailed
from libs.common.resource import ResourceService
from services.identity.registrations.requirements.models import Requirement
from services.identity.registrations.requirements.repository import RequirementRepository
from services.identity.registrations.requirements.schemas import check_rule


class RequirementService(ResourceService[Requirement]):
    """What applications need, in the operator's tenant."""

    repository = RequirementRepository
    noun = "registration_requirement"

    async def prepare(self, values: dict[str, Any], row: Requirement | None) -> dict[str, Any]:
        """See that the rule fits the kind and that nothing holds for the same applications.

        Raises:
            ValidationFailed: the rule has what a requirement of this kind has not.
            AlreadyExists: another one has this code, product and country.
        """
        if "rule" in values:
            rule = values["rule"] or {}
            values["rule"] = {name: value for name, value in rule.items() if value is not None}
        whole = {
            name: values.get(name, getattr(row, name, None))
            for name in ("code", "kind", "product", "country")
        }
        try:
            check_rule(str(whole["kind"]), values.get("rule", row.rule if row else {}))
        except ValueError as error:
            raise ValidationFailed.of("rule", str(error)) from None
        same = await self.rows.find(
            Requirement.code == whole["code"],
            Requirement.product.is_not_distinct_from(whole["product"]),
            Requirement.country.is_not_distinct_from(whole["country"]),
        )
        if same is not None and (row is None or same.id != row.id):
            raise AlreadyExists("There is one for this code, product and country.", field="code")
        return values

    async def create(self, body: Any) -> Requirement:
        """Add a requirement."""
        try:
            async with self.uow.session.begin_nested():
                return await super().create(body)
        except IntegrityError as error:
            if "uq_registration_requirements_place" in str(error.orig):
                raise AlreadyExists(
                    "There is one for this code, product and country.", field="code"
                ) from None
            raise
