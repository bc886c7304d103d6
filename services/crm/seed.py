"""What a new installation needs of the crm: the operator's two pipelines."""

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.runtime.context import ServiceContext
from services.crm.pipelines.service import REGISTRATIONS, SALES, PipelineService


async def seed(context: ServiceContext) -> None:
    """Make the pipelines of the operator tenant, where they are not there yet."""
    async with context.unit_of_work(tenant_id=OPERATOR_TENANT_ID) as uow:
        for pipeline in (SALES, REGISTRATIONS):
            await PipelineService(uow).ensure(pipeline)
