"""A batch of events, business by business."""

from collections.abc import Sequence

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.subscription import Taken


def by_tenant(taken: Sequence[Taken]) -> list[list[Taken]]:
    """The events of each business in their order, the businesses in one order everywhere."""
    groups: dict[str, list[Taken]] = {}
    for one in taken:
        groups.setdefault(str(one[1].tenant_id), []).append(one)
    return [groups[tenant] for tenant in sorted(groups)]


async def act_in(uow: UnitOfWork, group: Sequence[Taken]) -> None:
    """Act in the business of these events, where that is not so already."""
    tenant_id = group[0][1].tenant_id
    if uow.is_platform or uow.actor.tenant_id != tenant_id:
        await uow.enter_tenant(tenant_id)
