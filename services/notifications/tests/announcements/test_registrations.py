"""What reviewers are told of registrations under review; applicants are in `deliveries/test_late_link.py`."""

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.contracts.identity import (
    RegistrationAssigned,
    RegistrationEscalated,
    RegistrationResubmitted,
)
from services.notifications.tests.factories import (
    acting,
    join,
    notices,
    take,
)


@pytest.mark.parametrize("kind", [RegistrationAssigned, RegistrationEscalated, RegistrationResubmitted])
async def test_whoever_has_a_registration_is_told(
    context: ServiceContext, client: Client, kind: type
) -> None:
    mine = await join(context, OPERATOR_TENANT_ID, "staff")
    other = await join(context, OPERATOR_TENANT_ID, "staff")
    event = kind(
        registration_id=new_id(),
        company_id=new_id(),
        company_name=f"Karoo {new_id()}",
        assignee_id=mine.user_id,
        waiting_for="applicant",
        escalations=1,
    )

    await take(context, event, OPERATOR_TENANT_ID)

    assert any(event.company_name in n["title"] for n in await notices(acting(client, mine)))
    assert not any(event.company_name in n["title"] for n in await notices(acting(client, other)))


async def test_a_role_is_told_of_what_waits_too_long_and_all_staff_where_nobody_holds_it(
    context: ServiceContext, client: Client
) -> None:
    chief = await join(context, OPERATOR_TENANT_ID, "staff-admin")
    clerk = await join(context, OPERATOR_TENANT_ID, "staff")

    for role, told in (("staff-admin", [True, False]), (f"role-{new_id()}", [True, True])):
        name = f"Karoo {new_id()}"
        event = RegistrationEscalated(
            registration_id=new_id(),
            company_name=name,
            waiting_for="staff",
            assignee_role=role,
            escalations=1,
        )
        await take(context, event, OPERATOR_TENANT_ID)
        found = [
            any(name in n["title"] for n in await notices(acting(client, who))) for who in (chief, clerk)
        ]
        assert found == told, role
