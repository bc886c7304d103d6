"""The facts about deals as other services read them."""

from typing import Any

from libs.contracts import crm
from libs.contracts.values import DealLine
from services.crm.deals.models import Deal


def _common(deal: Deal) -> dict[str, Any]:
    return {
        "deal_id": deal.id,
        "name": deal.name,
        "pipeline_id": deal.pipeline_id,
        "pipeline": deal.pipeline,
        "amount": deal.amount,
        "source": deal.source,
        "owner_id": deal.owner_id,
        "expected_close_on": deal.expected_close_on,
        "registration_id": deal.registration_id,
        "applicant_company_id": deal.applicant_company_id,
    }


def deal_created(deal: Deal) -> crm.DealCreated:
    """It was opened."""
    lines = [
        DealLine(sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price)
        for line in deal.lines
    ]
    return crm.DealCreated(**_common(deal), stage_id=deal.stage_id, stage=deal.stage, lines=lines)


def deal_moved(deal: Deal, left: tuple[Any, str]) -> crm.DealMoved:
    """It went from the stage with this id and name to where it is."""
    return crm.DealMoved(
        **_common(deal), from_stage_id=left[0], from_stage=left[1], stage_id=deal.stage_id, stage=deal.stage
    )


def deal_amount_changed(deal: Deal) -> crm.DealAmountChanged:
    """It may bring another sum now."""
    return crm.DealAmountChanged(**_common(deal))


def deal_changed(deal: Deal, *, deleted: bool) -> crm.DealChanged:
    """This is what it is now, or was when it was removed."""
    return crm.DealChanged(
        **_common(deal), status=deal.status, stage_id=deal.stage_id, stage=deal.stage, deleted=deleted
    )


def deal_won(deal: Deal) -> crm.DealWon:
    """It was won."""
    return crm.DealWon(**_common(deal), reason=deal.won_reason)


def deal_lost(deal: Deal) -> crm.DealLost:
    """It was lost."""
    return crm.DealLost(**_common(deal), reason=deal.lost_reason or "")


def deal_reopened(deal: Deal) -> crm.DealReopened:
    """It is open again."""
    return crm.DealReopened(**_common(deal), stage_id=deal.stage_id, stage=deal.stage)
