"""The mails with one-time links, as the service that sends them would have them."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.jobs.job import Job
from libs.common.jobs.runner import JobRunner
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import OneTimeLinkMade
from services.identity.one_time_links.jobs import mail_link


async def events(
    context: ServiceContext, email: str, purpose: str, tenant_id: UUID = OPERATOR_TENANT_ID
) -> list[dict[str, Any]]:
    """What the bus is told of links to an address, oldest first, after the jobs have run."""
    await JobRunner(context, [Job("mail_link", mail_link)]).run_due()
    found = await emitted(context, tenant_id, OneTimeLinkMade)
    return [e.data for e in found if (e.data["email"], e.data["purpose"]) == (email, purpose)]


async def reveal(context: ServiceContext, event: dict[str, Any], email: str | None = None) -> Any:
    """Ask for the address behind a link, as notifications does."""
    asking = Client(context, system_actor("notifications"))
    path = f"/internal/one-time-links/{event['link_id']}/reveal"
    return await asking.post(path, json={"email": email or event["email"]})


async def token(
    context: ServiceContext, email: str, purpose: str, tenant_id: UUID = OPERATOR_TENANT_ID
) -> str:
    """The token in the newest mail to an address."""
    event = (await events(context, email, purpose, tenant_id))[-1]
    response = await reveal(context, event)
    assert response.status_code == 200, response.text
    return str(response.json()["url"].partition("#token=")[2])
