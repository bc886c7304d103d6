"""Webhooks through the gateway: only the provider's own word on its own account's payment counts, and once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from deploy.e2e.conftest import Shop, Suite, open_shop
from deploy.e2e.hostile.conftest import Spoofed
from libs.common.ids import new_id
from libs.common.testing.eventually import eventually
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.standard_webhooks import new_secret, signed_headers
from services.payments.webhooks.models import WebhookDelivery

pytestmark = pytest.mark.xdist_group("hostile shops")


@dataclass(frozen=True)
class Till:
    """A payment account as its provider knows it."""

    path: str
    secret: str

    @classmethod
    async def of(cls, suite: Suite, company: str, owner: dict[str, str]) -> "Till":
        """The account of a business."""
        async with suite.client(**owner) as client:
            account = (await client.get("/payment-accounts")).json()["items"][0]
        context = suite.host.contexts["payments"]
        async with context.unit_of_work(tenant_id=UUID(company)) as uow:
            row = await uow.session.get(PaymentAccount, (UUID(company), UUID(account["id"])))
            assert row is not None
        return cls(account["webhook_path"], open_credentials(context.keyring, row)["webhook_secret"])


@dataclass(frozen=True)
class Counter:
    """A shop with a payment under way, its till, and the till of another business."""

    suite: Suite
    http: httpx.AsyncClient
    shop: Shop
    till: Till
    other: Till
    checkout: dict[str, Any]

    def event(self, **changes: Any) -> bytes:
        """A webhook that says the payment succeeded."""
        code = self.checkout["redirect_url"].rpartition("/")[2]
        data = {
            "id": code,
            "checkout_id": code,
            "payment_id": "p_1",
            "status": "succeeded",
            "amount": self.checkout["amount"]["amount"],
            "currency": self.checkout["amount"]["currency"],
            "reference": self.checkout["payment_id"],
            "reason": None,
            "refunds": [],
            **changes,
        }
        return orjson.dumps({"id": f"evt_{new_id().hex}", "type": "payment.succeeded", "data": data})

    def signed(self, body: bytes, secret: str | None = None, late: float = 0) -> dict[str, str]:
        """The headers of a webhook, `late` seconds after it was signed."""
        now = self.suite.host.clock.now() - timedelta(seconds=late)
        return signed_headers(secret or self.till.secret, f"msg_{new_id().hex}", now, body)

    async def send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send a webhook through the gateway."""
        return await self.http.post(path, content=body, headers=headers)

    async def status(self) -> str:
        """The status of the payment."""
        async with self.suite.client(**self.shop.owner) as client:
            found = await client.get(f"/payments/{self.checkout['payment_id']}")
        return str(found.json()["status"])


@pytest.fixture(scope="module")
async def counter(suite: Suite, spoofed: Spoofed) -> AsyncIterator[Counter]:
    """That shop."""
    async with open_shop(suite) as shop, httpx.AsyncClient(base_url=suite.url, timeout=30) as http:
        await shop.story.a_client_buys()
        checkout = await shop.story.call(
            "POST",
            "/payments/checkouts",
            status=201,
            who=shop.story.client,
            json={"order_id": shop.story.order["id"]},
        )
        other = await Till.of(suite, spoofed.story.company, spoofed.story.owner)
        till = await Till.of(suite, shop.company, shop.owner)
        yield Counter(suite, http, shop, till, other, checkout)


async def test_what_the_provider_did_not_sign_for_this_account_is_refused(counter: Counter) -> None:
    body = counter.event()
    good = counter.signed(body)
    path = counter.till.path
    refused = {
        "unsigned": (path, body, {}),
        "no time": (path, body, {k: v for k, v in good.items() if k != "webhook-timestamp"}),
        "no id": (path, body, {k: v for k, v in good.items() if k != "webhook-id"}),
        "stale": (path, body, counter.signed(body, late=301)),
        "of the future": (path, body, counter.signed(body, late=-360)),
        "a time that is made new": (
            path,
            body,
            {**counter.signed(body, late=900), "webhook-timestamp": good["webhook-timestamp"]},
        ),
        "another body": (path, body + b" ", good),
        "another id": (path, body, {**good, "webhook-id": "msg_other"}),
        "a secret of nobody": (path, body, counter.signed(body, new_secret())),
        "an asymmetric signature": (
            path,
            body,
            {**good, "webhook-signature": f"v1a,{good['webhook-signature'][3:]}"},
        ),
        "signed by another business": (path, body, counter.signed(body, counter.other.secret)),
        "for another business": (counter.other.path, body, good),
        "with the business named": (
            path,
            body,
            {**counter.signed(body, counter.other.secret), **counter.shop.owner},
        ),
    }
    for name, (where, what, headers) in refused.items():
        answer = await counter.send(where, what, headers)
        assert (answer.status_code, answer.json().get("slug")) == (401, "invalid-signature"), name
    for where in (
        f"/api/v1/payments/webhooks/sandbox/{new_id()}",
        path.replace("/sandbox/", "/yoco/"),
        path.replace("/sandbox/", "/bank_transfer/"),
    ):
        assert (await counter.send(where, body, good)).status_code == 404, where
    assert await counter.status() == "pending"


async def test_another_businesss_provider_has_no_say_in_a_payment(counter: Counter) -> None:
    body = counter.event()
    taken = await counter.send(counter.other.path, body, counter.signed(body, counter.other.secret))
    assert taken.status_code == 200
    await eventually(lambda: all_processed(counter.suite))
    assert await counter.status() == "pending"


async def test_a_replayed_webhook_counts_once(counter: Counter) -> None:
    body = counter.event()
    headers = counter.signed(body)
    for _ in range(3):
        assert (await counter.send(counter.till.path, body, headers)).status_code == 200
    # The same event as a new message, and as a new event.
    again = counter.event()
    for each in (body, again):
        assert (await counter.send(counter.till.path, each, counter.signed(each))).status_code == 200
    await eventually(lambda: all_processed(counter.suite))
    assert await outcomes(counter.suite, counter.shop.company) == ["applied", "repeated"]
    assert await counter.status() == "succeeded"
    async with counter.suite.client(**counter.shop.owner) as client:
        accounts = (await client.get("/ledger/accounts")).json()["items"]
    cash = [row for row in accounts if row["code"] == "cash:sandbox"]
    assert [row["balance"]["amount"] for row in cash] == [counter.checkout["amount"]["amount"]]


async def all_processed(suite: Suite) -> bool:
    """Whether every webhook that was kept has been worked on."""
    async with suite.host.contexts["payments"].unit_of_work(platform=True) as uow:
        waiting = select(func.count()).where(WebhookDelivery.processed_at.is_(None))
        return not await uow.session.scalar(waiting)


async def outcomes(suite: Suite, company: str) -> list[str | None]:
    """What came of the webhooks of a business, oldest first."""
    async with suite.host.contexts["payments"].unit_of_work(tenant_id=UUID(company)) as uow:
        rows = await uow.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return [row.outcome for row in rows]
