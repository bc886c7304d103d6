"""What applicants and reviewers are told of registrations under review."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import envelope
from libs.contracts.identity import (
    RegistrationAssigned,
    RegistrationChangesRequested,
    RegistrationEscalated,
    RegistrationResubmitted,
    StatusLinkRenewed,
)
from libs.contracts.status_links import StatusLinks
from services.notifications.tests.factories import (
    acting,
    join,
    mails,
    notices,
    operator,
    registration,
    run_jobs,
    take,
)

EXPIRES = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)


def token_in(text: str) -> str:
    """The token of the link in a mail."""
    return text.partition("/api/v1/registrations/status/")[2].split()[0]


def read(context: ServiceContext, token: str) -> tuple[object, int] | None:
    """What a token says."""
    links = StatusLinks(context.common.secret_key.get_secret_value())
    claim = links.read(token, datetime.now(UTC))
    return claim and (claim.registration_id, claim.serial)


async def texts(context: ServiceContext, client: Client, to: str) -> list[tuple[str, str]]:
    """Subject and text of the mails to an address, oldest first."""
    await run_jobs(context)
    staff = operator(client)
    found = [(await staff.get(f"/mailbox/{m['id']}")).json() for m in await mails(client, to)]
    return [(mail["subject"], mail["text"]) for mail in found][::-1]


async def test_an_applicant_is_mailed_the_link_once(context: ServiceContext, client: Client) -> None:
    await join(context, OPERATOR_TENANT_ID, "staff")
    event = registration(link_serial=1, link_expires_at=EXPIRES)

    sent = envelope(event, OPERATOR_TENANT_ID)

    for _ in range(2):
        await take(context, sent)

    [(subject, text)] = await texts(context, client, event.owner_email)
    assert subject == f"We received the registration of {event.company_name}"
    assert read(context, token_in(text)) == (event.registration_id, 1)


async def test_an_applicant_is_told_what_is_asked_for_and_reminded_of_it(
    context: ServiceContext, client: Client
) -> None:
    company_id, email = new_id(), f"{new_id().hex}@example.com"
    about = {
        "registration_id": new_id(),
        "company_id": company_id,
        "company_name": "Karoo",
        "owner_user_id": new_id(),
        "owner_email": email,
        "link_serial": 4,
        "link_expires_at": EXPIRES,
    }
    asked = RegistrationChangesRequested(reason="The <number>, please", asked_for=["Certificate"], **about)

    await take(context, asked, company_id)
    await take(context, asked.model_copy(update={"is_reminder": True}), company_id)
    await take(context, StatusLinkRenewed(**about), company_id)

    found = await texts(context, client, email)
    asked_for, reminder, renewed = sorted(found, key=lambda mail: mail[0].split()[0], reverse=True)
    assert asked_for[0].startswith("The registration")
    assert "- Certificate" in asked_for[1]
    assert "The <number>, please" in asked_for[1]
    assert reminder[0].startswith("Reminder: ")
    assert renewed[0].startswith("A new link")
    assert {read(context, token_in(text)) for _, text in found} == {(about["registration_id"], 4)}


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
