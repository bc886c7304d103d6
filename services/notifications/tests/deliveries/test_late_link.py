"""Mails with a link that works once: it is asked for as they leave, and lies in no row."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.identity import (
    InvitationSent,
    OneTimeLinkMade,
    RegistrationChangesRequested,
    RegistrationSubmitted,
    StatusLinkRenewed,
)
from services.notifications.deliveries.late_link import MARK
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.factories import all_deliveries, operator, registration, run_jobs, take

SECRET = "planted-token-5f2c"


class Identity:
    """Identity as far as links go."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.status = 200
        self.asked: list[tuple[str, str]] = []
        self.invited: list[tuple[str, str]] = []
        self.followed: list[tuple[str, str]] = []

        @self.app.post("/internal/one-time-links/{link_id}/reveal")
        async def reveal(link_id: str, body: dict[str, str], response: Response) -> Any:
            self.asked.append((link_id, body["email"]))
            response.status_code = self.status
            return {"url": f"https://shop.example/reset#token={SECRET}&x=<y>"} if self.status == 200 else {}

        @self.app.post("/internal/invitations/{invitation_id}/reveal")
        async def reveal_invitation(invitation_id: str, body: dict[str, str]) -> Any:
            self.invited.append((invitation_id, body["email"]))
            return {"url": f"https://shop.example/invitation#token={SECRET}"}

        @self.app.post("/internal/registrations/{registration_id}/reveal")
        async def reveal_status(registration_id: str, body: dict[str, str]) -> Any:
            self.followed.append((registration_id, body["email"]))
            return {"url": f"https://shop.example/registrations/{SECRET}"}


@pytest.fixture
async def identity() -> Identity:
    """What links are asked of."""
    return Identity()


@pytest.fixture
async def asking(open_context: OpenContext, identity: Identity) -> AsyncIterator[ServiceContext]:
    """The service beside that identity."""
    context = await open_context()
    upstreams = Upstreams({}, context.signer, context.clock)
    upstreams.register("identity", identity.app)
    context.upstreams = upstreams
    yield context
    await upstreams.close()


def made(email: str, purpose: str = "password_reset", **changes: Any) -> OneTimeLinkMade:
    """Somebody asks for a link."""
    fields: dict[str, Any] = {
        "link_id": new_id(),
        "user_id": new_id(),
        "purpose": purpose,
        "email": email,
        "name": "Thandi Nkosi",
        "valid_minutes": 60,
    }
    return OneTimeLinkMade(**{**fields, **changes})


async def kept(context: ServiceContext, email: str) -> dict[str, Any]:
    """The one mail to an address, with its texts."""
    client = Client(context, user(OPERATOR_TENANT_ID, is_superuser=True))
    page = (await client.get("/mailbox", params={"to": email})).json()["items"]
    assert len(page) == 1
    mail: dict[str, Any] = (await client.get(f"/mailbox/{page[0]['id']}")).json()
    return mail


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("purpose", ["password_reset", "email_verification", "magic_link"])
async def test_the_mail_has_the_link_and_no_row_of_ours_has(
    asking: ServiceContext, identity: Identity, email: str, purpose: str, locale: str
) -> None:
    event = made(email, purpose, locale=locale)
    await take(asking, event, OPERATOR_TENANT_ID)

    async with asking.unit_of_work(platform=True) as uow:
        for table in ("deliveries", "jobs", "outbox"):
            rows = (
                (await uow.session.execute(text(f"SELECT t::text FROM notifications.{table} t")))
                .scalars()
                .all()
            )
            assert not [row for row in rows if SECRET in row]
    await run_jobs(asking)

    mail = await kept(asking, email)
    assert f"https://shop.example/reset#token={SECRET}&x=<y>" in mail["text"]
    assert f"https://shop.example/reset#token={SECRET}&amp;x=&lt;y&gt;" in mail["html"]
    assert MARK not in mail["text"] + mail["html"]
    assert (str(event.link_id), email) in identity.asked
    async with asking.unit_of_work(platform=True) as uow:
        rows = (
            (await uow.session.execute(text("SELECT t::text FROM notifications.deliveries t")))
            .scalars()
            .all()
        )
        assert not [row for row in rows if SECRET in row]


async def test_a_link_that_is_good_no_more_is_given_up(
    asking: ServiceContext, identity: Identity, email: str
) -> None:
    identity.status = 404
    await take(asking, made(email), OPERATOR_TENANT_ID)
    await run_jobs(asking)

    [delivery] = await all_deliveries(operator(Client(asking)), recipient=email)
    assert (delivery["status"], delivery["last_error"]) == ("failed", "the link is good no more")


async def test_while_identity_cannot_be_asked_the_mail_waits(
    asking: ServiceContext, identity: Identity, email: str
) -> None:
    identity.status = 500
    await take(asking, made(email), OPERATOR_TENANT_ID)
    await run_jobs(asking)

    [delivery] = await all_deliveries(operator(Client(asking)), recipient=email)
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)


async def test_no_message_of_a_business_is_given_a_link(
    asking: ServiceContext, identity: Identity, client: Client, tenant_id: UUID, email: str
) -> None:
    body = {
        "to_email": email,
        "type": "password_reset",
        "variables": {"link": MARK, "link_id": str(new_id())},
    }
    sender = Client(asking, client.actor)
    assert (await sender.post("/messages", json=body)).status_code == 202
    before = len(identity.asked)
    await run_jobs(asking)

    assert MARK in (await kept(asking, email))["text"]
    assert len(identity.asked) == before


@pytest.mark.parametrize(
    ("locale", "inviter", "subject"),
    [
        ("en", "Sipho", "Sipho invites you to Karoo Coffee"),
        ("en", None, "You are invited to Karoo Coffee"),
        ("ru", "Сипхо", "Сипхо приглашает вас в Karoo Coffee"),
    ],
)
async def test_an_invitation_is_mailed_with_a_link_that_lies_nowhere(
    asking: ServiceContext, identity: Identity, email: str, locale: str, inviter: str | None, subject: str
) -> None:
    company = new_id()
    event = InvitationSent(
        invitation_id=new_id(),
        serial=1,
        company_id=company,
        company_name="Karoo Coffee",
        email=email,
        invited_by_name=inviter,
        locale=locale,
        expires_at=asking.clock.now(),
    )
    for _ in range(2):
        await take(asking, event, company)

    async def kept_here() -> Any:
        async with asking.unit_of_work(platform=True) as uow:
            rows = await uow.session.execute(
                text("SELECT * FROM notifications.deliveries WHERE tenant_id = :company"),
                {"company": company},
            )
            return rows.one()

    row = await kept_here()
    assert (row.recipient, row.type) == (email, "invitation")
    assert MARK in row.text
    await run_jobs(asking)

    assert identity.invited == [(str(event.invitation_id), email)]
    row = await kept_here()
    assert (row.status, row.subject) == ("sent", subject)
    assert SECRET not in row.text + (row.html or "")


LINK = {"link_serial": 1, "link_expires_at": datetime(2030, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("kind", "said", "subject", "texts"),
    [
        (RegistrationSubmitted, {}, "We received the registration of Karoo", ()),
        (
            RegistrationChangesRequested,
            {"reason": "The <number>, please", "asked_for": ["Certificate"]},
            "The registration of Karoo needs something",
            ("- Certificate", "The <number>, please"),
        ),
        (
            RegistrationChangesRequested,
            {"is_reminder": True},
            "Reminder: the registration of Karoo needs something",
            (),
        ),
        (StatusLinkRenewed, {}, "A new link to the registration of Karoo", ()),
    ],
)
async def test_an_applicant_is_mailed_the_link_of_the_registration_and_no_row_has_it(
    asking: ServiceContext,
    identity: Identity,
    email: str,
    kind: type[Any],
    said: dict[str, Any],
    subject: str,
    texts: tuple[str, ...],
) -> None:
    about = registration(owner_email=email, company_name="Karoo", **LINK).model_dump()
    event = kind(**{name: about[name] for name in kind.model_fields if name in about} | said)
    sent = envelope(event, event.company_id)
    for _ in range(2):
        await deliver(asking, sent, handler=MAILS[kind])

    async def kept_here() -> Any:
        async with asking.unit_of_work(platform=True) as uow:
            query = "SELECT * FROM notifications.deliveries WHERE tenant_id = :company"
            return (await uow.session.execute(text(query), {"company": event.company_id})).one()

    assert MARK in (await kept_here()).text
    await run_jobs(asking)

    assert identity.followed == [(str(event.registration_id), email)]
    row = await kept_here()
    assert (row.status, row.subject, row.recipient) == ("sent", subject, email)
    assert SECRET not in str(row)
    mail = (await kept(asking, email))["text"]
    for expected in (f"https://shop.example/registrations/{SECRET}", *texts):
        assert expected in mail


MAILS = {
    RegistrationSubmitted: "notifications.mail_applicant",
    RegistrationChangesRequested: "notifications.tell_what_is_asked_for",
    StatusLinkRenewed: "notifications.mail_status_link",
}
