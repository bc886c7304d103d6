"""The rules of deals: what they hold and where they start. How they move is in `transitions`."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import InvalidTransition
from libs.common.money import Money
from services.crm.companies.repository import CompanyRepository
from services.crm.contacts.repository import ContactRepository
from services.crm.deal_lines.models import DealLine
from services.crm.deals.amounts import amount_of
from services.crm.deals.errors import FieldsRequired, RegistrationPending, StageNotInPipeline
from services.crm.deals.events import deal_amount_changed, deal_changed, deal_created
from services.crm.deals.models import Deal
from services.crm.deals.repository import DealRepository
from services.crm.links import LinkedService, UnknownReference
from services.crm.pipelines.repository import PipelineRepository
from services.crm.pipelines.service import PipelineService
from services.crm.stage_changes.models import StageChange
from services.crm.stages.models import Stage
from services.crm.stages.repository import StageRepository


class DealService(LinkedService[Deal]):
    """Deals of a business."""

    repository = DealRepository
    rows: DealRepository
    noun = "deal"
    links: ClassVar = {"company_id": CompanyRepository, "contact_id": ContactRepository}

    async def create(self, body: BaseModel) -> Deal:
        """Open a deal from a body."""
        return await self.open(body.model_dump())

    async def open(self, values: dict[str, Any], **fixed: Any) -> Deal:
        """Open a deal from the fields of a body and columns that no body sets."""
        stage = await self._first_stage(values.pop("pipeline_id", None), values.pop("stage_id", None))
        columns = await self.prepare(values, None)
        deal = Deal(
            **columns,
            **fixed,
            pipeline_id=stage.pipeline_id,
            stage_id=stage.id,
            stage_entered_at=self.uow.now,
        )
        require_fields(deal, stage)
        await self.rows.add(deal)
        await self.log_stage(deal, None, None)
        self._record("created", deal, None)
        self.uow.emit(deal_created(deal))
        self.uow.tag(deal.version)
        return deal

    async def prepare(self, values: dict[str, Any], row: Deal | None) -> dict[str, Any]:
        """Check the references, and turn lines and amount into rows and figures."""
        values = {name: _plain(value) for name, value in (await super().prepare(values, row)).items()}
        if row is not None and row.status != "open" and _differs(values, row):
            raise InvalidTransition(
                "The figures of a closed deal stay; reopen it first.", current_status=row.status
            )
        if "lines" not in values and "amount" not in values:
            return values
        wanted = Money(**values.pop("amount")) if values.get("amount") else values.pop("amount", None)
        currency = row.currency if row else self.uow.context.settings.default_currency
        if "lines" in values:
            values["lines"] = [line_row(n, **line) for n, line in enumerate(values["lines"])]
            lines: Iterable[DealLine] = values["lines"]
        else:
            lines = row.lines if row else []
        amount = amount_of((line.total for line in lines), wanted, Money(amount=0, currency=currency))
        return values | {"amount_minor": amount.amount, "currency": amount.currency}

    def _record(self, action: str, row: Deal, before: dict[str, Any] | None) -> None:
        super()._record(action, row, before)
        if action in ("updated", "deleted"):
            self.uow.emit(deal_changed(row, deleted=action == "deleted"))
        if action == "updated" and before is not None:
            self.tell_amount(row, Money(amount=before["amount_minor"], currency=before["currency"]))

    def tell_amount(self, deal: Deal, before: Money) -> None:
        """Tell of the amount of a deal where it is another one than before."""
        if deal.amount != before:
            self.uow.emit(deal_amount_changed(deal))

    async def before_delete(self, row: Deal) -> None:
        """Keep a deal that an applicant waits for."""
        if row.registration_id is not None and row.status == "open":
            raise RegistrationPending("Win or lose it first.")

    async def log_stage(self, deal: Deal, left: UUID | None, seconds: int | None) -> None:
        """Write that the deal came to its stage."""
        change = StageChange(
            tenant_id=deal.tenant_id,
            deal_id=deal.id,
            from_stage_id=left,
            to_stage_id=deal.stage_id,
            at=self.uow.now,
            by_id=self.uow.actor.user_id,
            seconds_in_stage=seconds,
        )
        self.uow.session.add(change)
        await self.uow.session.flush()

    async def _first_stage(self, pipeline_id: UUID | None, stage_id: UUID | None) -> Stage:
        stages = StageRepository(self.uow)
        if stage_id is not None:
            stage = await stages.get_kept(stage_id)
            if stage is None:
                raise UnknownReference("There is no such stage.", field="stage_id")
            if pipeline_id not in (None, stage.pipeline_id):
                raise StageNotInPipeline("Name a stage of this pipeline.", field="stage_id")
            if stage.kind != "open":
                raise InvalidTransition("A deal starts open; win or lose it afterwards.")
            return stage
        if pipeline_id is None:
            pipeline_id = (await PipelineService(self.uow).default()).id
        elif await PipelineRepository(self.uow).get(pipeline_id) is None:
            raise UnknownReference("There is no such pipeline.", field="pipeline_id")
        stage = await stages.first(pipeline_id, "open")
        if stage is None:
            raise UnknownReference("There is no such pipeline.", field="pipeline_id")
        return stage


def line_row(position: int, **values: Any) -> DealLine:
    """The row of a line from the fields of its body."""
    price = values.pop("unit_price")
    return DealLine(position=position, unit_price_minor=price["amount"], currency=price["currency"], **values)


def require_fields(deal: Deal, stage: Stage) -> None:
    """Refuse a deal that lacks what the stage demands.

    Raises:
        FieldsRequired: it lacks some.
    """
    has: Mapping[str, Any] = {"amount": deal.amount_minor, "lines": deal.lines}
    missing = [
        name for name in stage.required_fields if not (has[name] if name in has else getattr(deal, name))
    ]
    if missing:
        raise FieldsRequired(f"{stage.name} needs {', '.join(missing)}.", fields=missing)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.model_dump() if isinstance(value, BaseModel) else value


def _differs(values: Mapping[str, Any], deal: Deal) -> bool:
    amount = values.get("amount")
    if amount is not None and amount != deal.amount.model_dump():
        return True
    if "lines" not in values:
        return False
    now = [
        {
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": line.unit_price.model_dump(),
            "product_id": line.product_id,
        }
        for line in deal.lines
    ]
    # A PUT of a deal without lines says neither lines nor amount; that changes the amount too.
    return bool(values["lines"] != now) or (not now and amount is None and deal.amount_minor != 0)
