"""What operators do to the bus is written down, too."""

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED


async def test_a_dead_letter_given_up_is_written_down_with_who_and_why(context: ServiceContext) -> None:
    letter = context.models.dead_letter
    letter_id = new_id()
    async with context.unit_of_work(platform=True) as uow:
        uow.session.add(
            letter(id=letter_id, handler="identity.record_audit", envelope={}, reason="broken", attempts=1)
        )
    operator = user(OPERATOR_TENANT_ID, "gateway.bus.*")

    done = await Client(context, operator).post(
        f"/internal/bus/dead-letters/{letter_id}/skip", json={"reason": "It was empty"}
    )

    assert done.status_code == 200, done.text
    (sent,) = [
        e
        for e in await emitted(context, OPERATOR_TENANT_ID, CHANGE_RECORDED["identity"])
        if e.data["resource_id"] == str(letter_id)
    ]
    assert (sent.data["action"], sent.data["resource"]) == ("skipped", "dead letter")
    assert sent.data["after"]["reason"] == "It was empty"
    assert sent.actor_id == operator.user_id
