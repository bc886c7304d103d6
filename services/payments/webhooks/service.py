"""Taking webhooks: check, keep, answer; what they mean is worked out afterwards."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.jobs.job import Job
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.payments.service import PaymentService
from services.payments.providers.base import Notice, Subject
from services.payments.providers.registry import provider_of
from services.payments.refunds.service import RefundService
from services.payments.webhooks.repository import WebhookRepository

PROCESS = "process_webhook"
_KEPT_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent")


class WebhookService:
    """Webhooks over a unit of work that spans tenants until the account says whose it is."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def receive(self, provider: str, account_id: UUID, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a webhook and have it processed after the commit; a repeat changes nothing.

        Raises:
            NotFound: there is no such account. InvalidSignature: it is not the provider's, or too old.
        """
        account = await PaymentAccountRepository(self.uow).of_anyone(account_id)
        if account is None or account.provider != provider:
            raise NotFound("There is no such payment account.", resource="payment account")
        await self.uow.enter_tenant(account.tenant_id)
        merchant = merchant_of(self.uow.context.keyring, account)
        notice = provider_of(self.uow.context, provider).parse_webhook(merchant, headers, body, self.uow.now)
        delivery_id = await WebhookRepository(self.uow).keep(
            account_id=account_id,
            provider=provider,
            message_id=notice.message_id,
            event_id=notice.event_id,
            headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
            body=body,
            notice=notice.to_json(),
        )
        if delivery_id is not None:
            self.uow.defer(PROCESS, key=str(delivery_id), delivery_id=str(delivery_id))

    async def process(self, delivery_id: UUID) -> None:
        """Apply what a kept webhook says, once."""
        rows = WebhookRepository(self.uow)
        delivery = await rows.lock(delivery_id)
        if delivery is None or delivery.processed_at is not None:
            return
        notice = Notice.from_json(delivery.notice)
        if notice.subject is Subject.PAYMENT:
            delivery.outcome = await PaymentService(self.uow).apply(delivery.account_id, notice)
        elif notice.subject is Subject.REFUND:
            delivery.outcome = await RefundService(self.uow).apply(delivery.account_id, notice)
        else:
            delivery.outcome = "ignored"
        delivery.processed_at = self.uow.now
        rows.write(delivery)


async def process_webhook(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """The job behind `receive`."""
    await WebhookService(uow).process(UUID(args["delivery_id"]))


JOBS = (Job(PROCESS, process_webhook),)
