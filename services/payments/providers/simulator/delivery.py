"""Delivering the simulator's webhooks: claim, send outside any transaction, record. A killed process loses none."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.failpoints import failpoint
from libs.common.jobs.job import Job
from libs.common.runtime.context import ServiceContext
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.http import HttpClient
from services.payments.providers.simulator.models import SandboxDelivery
from services.payments.providers.simulator.service import DELIVER
from services.payments.providers.standard_webhooks import signed_headers

# Seconds from one attempt to the next, after the example schedule of Standard Webhooks, shortened to a day.
LADDER: tuple[int, ...] = (5, 30, 120, 300, 1800, 7200, 18000, 36000, 36000)
TIMEOUT_SECONDS = 15
HTTP_RESOURCE = "http"
_BATCH = 20


async def deliver_one(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """The first attempt, right after the fact."""
    await deliver(uow.context, UUID(args["delivery_id"]))


async def deliver_due(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """The later attempts, and first ones that were lost with their process."""
    for _ in range(_BATCH):
        if not await deliver(uow.context, None):
            return


def delivering(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `deliver_due` finds."""
    return select(SandboxDelivery.id).where(
        SandboxDelivery.delivered_at.is_(None),
        SandboxDelivery.given_up_at.is_(None),
        SandboxDelivery.next_attempt_at <= now,
    )


async def deliver(context: ServiceContext, delivery_id: UUID | None) -> bool:
    """Make one attempt at a delivery that is due (any one, where none is named); False where none was."""
    claimed = await _claim(context, delivery_id)
    if claimed is None:
        return False
    delivery, secret, url = claimed
    headers = {
        "content-type": "application/json",
        **signed_headers(secret, delivery.message_id, context.clock.now(), delivery.body),
    }
    answer = await _send(context, url, delivery.body, headers)
    failpoint("payments", "webhook", "sent")
    async with context.unit_of_work(platform=True) as uow:
        row = (
            await uow.session.execute(
                select(SandboxDelivery).where(SandboxDelivery.id == delivery.id).with_for_update()
            )
        ).scalar_one()
        row.last_answer = answer
        if answer.startswith("2") and row.delivered_at is None:
            row.delivered_at = uow.now
        elif row.delivered_at is None and (row.attempts > len(LADDER) or answer == "410"):
            row.given_up_at = uow.now
    return True


async def _claim(
    context: ServiceContext, delivery_id: UUID | None
) -> tuple[SandboxDelivery, str, str] | None:
    async with context.unit_of_work(platform=True) as uow:
        statement = (
            select(SandboxDelivery)
            .where(
                SandboxDelivery.delivered_at.is_(None),
                SandboxDelivery.given_up_at.is_(None),
                SandboxDelivery.next_attempt_at <= uow.now,
            )
            .order_by(SandboxDelivery.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if delivery_id is not None:
            statement = statement.where(SandboxDelivery.id == delivery_id)
        delivery = (await uow.session.execute(statement)).scalar_one_or_none()
        if delivery is None:
            return None
        # The next attempt is set before this one is made: should the process die, the delivery comes due again.
        wait = LADDER[min(delivery.attempts, len(LADDER) - 1)]
        delivery.attempts += 1
        delivery.next_attempt_at = uow.now + timedelta(seconds=wait)
        account = (
            await uow.session.execute(
                select(PaymentAccount).where(
                    PaymentAccount.tenant_id == delivery.tenant_id, PaymentAccount.id == delivery.account_id
                )
            )
        ).scalar_one()
        secret = open_credentials(context.keyring, account)["webhook_secret"]
    base = context.settings.webhook_base_url or context.common.public_url
    return delivery, secret, base.rstrip("/") + account.webhook_path


async def _send(context: ServiceContext, url: str, body: bytes, headers: dict[str, str]) -> str:
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
