"""Delivering the simulator's webhooks: claim, send outside any transaction, record. A killed process loses none."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.jobs.job import Job
from libs.common.runtime.context import ServiceContext
from services.payments.providers.http import HttpClient
from services.payments.providers.simulator.deliveries import Attempt, DeliveryRepository
from services.payments.providers.simulator.models import SandboxDelivery
from services.payments.providers.simulator.schedule import DELIVER
from services.payments.providers.standard_webhooks import signed_headers

TIMEOUT_SECONDS = 15
HTTP_RESOURCE = "http"
_BATCH = 20


async def deliver_one(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """The first attempt, right after the fact: its claim was written with the fact, its outcome ends the job."""
    deliveries = DeliveryRepository(uow)
    attempt = await deliveries.first(UUID(args["delivery_id"]))
    if attempt is not None:
        deliveries.record(attempt, await _send(uow.context, attempt))


async def deliver_due(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """The later attempts, and first ones that were lost with their process."""
    for _ in range(_BATCH):
        async with uow.context.unit_of_work(platform=True) as claiming:
            attempt = await DeliveryRepository(claiming).claim_due()
        if attempt is None:
            return
        answer = await _send(uow.context, attempt)
        async with uow.context.unit_of_work(platform=True) as recording:
            DeliveryRepository(recording).record(attempt, answer)


def delivering(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `deliver_due` finds."""
    return select(SandboxDelivery.id).where(
        SandboxDelivery.delivered_at.is_(None),
        SandboxDelivery.given_up_at.is_(None),
        SandboxDelivery.next_attempt_at <= now,
    )


async def _send(context: ServiceContext, attempt: Attempt) -> str:
    """Make an attempt; the status of the answer, or what kept one from coming."""
    headers = {
        "content-type": "application/json",
        **signed_headers(attempt.secret, attempt.message_id, context.clock.now(), attempt.body),
    }
    base = context.settings.webhook_base_url or context.common.public_url
    answer = await _post(context, base.rstrip("/") + attempt.path, attempt.body, headers)
    failpoint("payments", "webhook", "sent")
    return answer


async def _post(context: ServiceContext, url: str, body: bytes, headers: dict[str, str]) -> str:
    # Loaded by the first delivery.
    import httpx

    client: HttpClient | httpx.AsyncClient | None = context.resources.get(HTTP_RESOURCE)
    try:
        if client is not None:
            response = await client.post(url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        else:
            async with httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT_SECONDS) as own:
                response = await own.post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return str(response.status_code)


JOBS = (
    Job(DELIVER, deliver_one),
    # A batch may wait for a time-out each, so the lease is longer than all of them together.
    Job(
        "deliver_sandbox_webhooks",
        deliver_due,
        every=2,
        lease=_BATCH * (TIMEOUT_SECONDS + 5),
        finds=delivering,
    ),
)
