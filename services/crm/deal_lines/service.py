"""The rules of deal lines: a change of one is a change of its deal, whose row is locked for it."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound, ValidationFailed
from libs.common.money import Money
from libs.common.schema import PatchSchema
from services.crm.deal_lines.models import DealLine
from services.crm.deal_lines.schemas import MAX_LINES
from services.crm.deals.amounts import amount_of
from services.crm.deals.models import Deal
from services.crm.deals.service import DealService, line_row


class DealLineService:
    """Lines of one deal after another."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.deals = DealService(uow)

    async def list(self, deal_id: UUID) -> dict[str, Any]:
        """All lines of a deal, in order."""
        return {"items": (await self.deals.get(deal_id)).lines}

    async def get(self, deal_id: UUID, line_id: UUID) -> DealLine:
        """One line."""
        return _line(await self.deals.get(deal_id), line_id)

    async def create(self, deal_id: UUID, body: BaseModel) -> DealLine:
        """Add a line after the others.

        Raises:
            CurrencyMismatch: the deal's other lines are in another currency.
        """
        deal = await self._locked(deal_id)
        if len(deal.lines) >= MAX_LINES:
            raise ValidationFailed(f"A deal has at most {MAX_LINES} lines.")
        position = max((line.position for line in deal.lines), default=-1) + 1
        line = line_row(position, **body.model_dump())
        deal.lines.append(line)
        await self._save(deal)
        return line

    async def update(self, deal_id: UUID, line_id: UUID, body: BaseModel) -> DealLine:
        """Change a line: the sent fields of a PATCH body, or all fields of a PUT body."""
        deal = await self._locked(deal_id)
        line = _line(deal, line_id)
        changes = body.changes() if isinstance(body, PatchSchema) else body.model_dump()
        if "unit_price" in changes:
            price = Money.model_validate(changes.pop("unit_price"), from_attributes=True)
            line.unit_price_minor, line.currency = price.amount, price.currency
        for name, value in changes.items():
            setattr(line, name, value)
        await self._save(deal)
        return line

    async def delete(self, deal_id: UUID, line_id: UUID) -> None:
        """Remove a line; a deal that has none left amounts to nothing."""
        deal = await self._locked(deal_id)
        deal.lines.remove(_line(deal, line_id))
        await self._save(deal)

    async def _locked(self, deal_id: UUID) -> Deal:
        deal = await self.deals.get(deal_id, lock=True)
        self.deals.check_version(deal)
        if deal.status != "open":
            raise InvalidTransition(
                "The figures of a closed deal stay; reopen it first.", current_status=deal.status
            )
        return deal

    async def _save(self, deal: Deal) -> None:
        before = deal.amount
        await sum_up(self.uow, deal)
        self.uow.audit(
            "updated",
            "deal",
            deal.id,
            before={"amount": before.model_dump()},
            after={"amount": deal.amount.model_dump()},
        )
        self.uow.tag(deal.version)


async def sum_up(uow: UnitOfWork, deal: Deal) -> None:
    """Set the deal's amount to the sum of its lines, save both, and tell of it where it changed."""
    before, none = deal.amount, Money(amount=0, currency=deal.currency)
    amount = amount_of((line.total for line in deal.lines), None, none)
    deal.amount_minor, deal.currency = amount.amount, amount.currency
    deals = DealService(uow)
    await deals.rows.save(deal)
    deals.tell_amount(deal, before)


def _line(deal: Deal, line_id: UUID) -> DealLine:
    for line in deal.lines:
        if line.id == line_id:
            return line
    raise NotFound("There is no such line.", resource="deal_line")
