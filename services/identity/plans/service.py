"""The rules of plans."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.errors import AlreadyExists, ValidationFailed
from libs.common.resource import ResourceService
from libs.contracts.features import DESCRIBED
from libs.contracts.identity import AccessChanged
from services.identity.plans.errors import PlanInUse, UnknownPlan
from services.identity.plans.models import Plan
from services.identity.plans.repository import PlanRepository
from services.identity.plans.schemas import FeatureOut, PlanOut


class PlanService(ResourceService[Plan]):
    """The plans of the platform, in the platform scope."""

    repository = PlanRepository
    noun = "plan"
    fixed = frozenset({"code"})

    async def offering(self, *, feature: str | None, code: str | None, above: int) -> list[str]:
        """The codes of the plans that anybody can choose with a feature, and with more than `above` of a code."""
        plans = await PlanRepository(self.uow).offered()
        return [plan.code for plan in plans if _has(plan, feature, code, above)]

    async def features(self) -> list[FeatureOut]:
        """All features, with the plans that include them."""
        plans = await PlanRepository(self.uow).offered()
        return [
            FeatureOut(
                code=code,
                name=feature.name,
                description=feature.description,
                is_included=self.uow.actor.has(code),
                plans=[plan.code for plan in plans if code in plan.features],
                operations=[one.replace(" ", " /api/v1", 1) for one in feature.operations],
            )
            for code, feature in DESCRIBED.items()
        ]

    async def create(self, body: BaseModel) -> Plan:
        """Add a plan.

        Raises:
            AlreadyExists: there is, or was, one of this code.
            UnknownPlan: the one it falls back to does not exist.
        """
        values = await self.prepare(body.model_dump(), None)
        if await PlanRepository(self.uow).by_code(values["code"]) is not None:
            raise AlreadyExists("There is a plan of this code.")
        row = await self.rows.add(Plan(tenant_id=OPERATOR_TENANT_ID, **values))
        self._record("created", row, None)
        self.uow.tag(row.version)
        return row

    async def update(self, row_id: Any, body: BaseModel) -> Plan:
        """Change a plan; gateways ask anew what everybody may use."""
        row = await super().update(row_id, body)
        self.uow.emit(AccessChanged.of(), tenant_id=OPERATOR_TENANT_ID)
        return row

    async def prepare(self, values: dict[str, Any], row: Plan | None) -> dict[str, Any]:
        """Write the price in columns, features once, and let the plan fall back to one that there is."""
        values = dict(values)
        if "price" in values:
            price = values.pop("price")
            values |= {"price_amount": price["amount"], "currency": price["currency"]}
        if "features" in values:
            values["features"] = sorted(set(values["features"]))
        amounts = [values.get(name, getattr(row, name, {})) for name in ("limits", "quotas")]
        if both := sorted(amounts[0].keys() & amounts[1].keys()):
            problem = {"loc": ["body", "quotas"], "msg": "is limited by number already", "type": "ambiguous"}
            raise ValidationFailed(f"Either limit or quota: {', '.join(both)}.", errors=[problem])
        fallback = values.get("fallback")
        if fallback is not None:
            own = row.code if row else values["code"]
            if fallback == own or await PlanRepository(self.uow).by_code(fallback) is None:
                raise UnknownPlan("The plan to fall back to must be another one that exists.", plan=fallback)
        return values

    async def before_delete(self, row: Plan) -> None:
        """Keep a plan that somebody has, or may come to have.

        Raises:
            PlanInUse: somebody does.
        """
        settings = self.uow.context.settings
        if row.code in (settings.default_plan, settings.fallback_plan):
            raise PlanInUse("Businesses without another one have this plan.")
        if await PlanRepository(self.uow).is_used(row.code):
            raise PlanInUse("Businesses have this plan, or it follows another one.")


def shown(plan: Plan, settings: Any) -> PlanOut:
    """A plan as callers see it."""
    values: Mapping[str, Any] = {
        name: getattr(plan, name) for name in PlanOut.model_fields if name not in ("price", "is_default")
    }
    price = {"amount": plan.price_amount, "currency": plan.currency}
    return PlanOut.model_validate(
        {**values, "price": price, "is_default": plan.code == settings.default_plan}
    )


def _has(plan: Plan, feature: str | None, code: str | None, above: int) -> bool:
    if feature is not None and feature not in plan.features:
        return False
    return code is None or plan.amounts.get(code, above + 1) > above
