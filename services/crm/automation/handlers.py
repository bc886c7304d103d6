"""What rules hear: a batch of events of any businesses costs one look-up where nobody listens."""

from collections.abc import Sequence

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.queue import job_insert, job_row
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Taken
from services.crm.automation import chain
from services.crm.automation.hearing import HEARD
from services.crm.automation.repository import hearing
from services.crm.automation.starting import Cause

START = "start_automation_run"


async def on_events(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Have the rules started that hear of these events."""
    rules = await hearing(uow, {(envelope.tenant_id, envelope.type) for _, envelope in taken})
    if not rules:
        return
    table = uow.context.models.job.__table__
    for _, envelope in taken:
        cause = _cause(envelope)
        for tenant_id, rule_id, event, object_type, enabled_at in rules:
            if (tenant_id, event) != (envelope.tenant_id, envelope.type):
                continue
            # What happened before somebody enabled it is not the rule's to answer.
            if envelope.time < enabled_at or object_type not in (None, cause.object_type):
                continue
            args = {"rule_id": str(rule_id), "cause": cause.to_json()}
            key = f"{rule_id}:{envelope.id}"
            row = job_row(START, args, tenant_id=tenant_id, run_at=uow.now, key=key)
            uow.write(job_insert(table), row)


def _cause(envelope: Envelope) -> Cause:
    story, depth = chain.read(envelope.correlation_id or str(envelope.id))
    object_type, object_id = HEARD[envelope.type].about(envelope.data)
    return Cause(
        trigger_type="event",
        id=envelope.id,
        story=story,
        depth=depth + 1,
        event=envelope.type,
        data=envelope.data,
        object_type=object_type,
        object_id=object_id,
    )
