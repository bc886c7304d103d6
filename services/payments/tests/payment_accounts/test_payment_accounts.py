"""Payment accounts over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common.actor import Actor, ActorKind
from libs.common.crypto import DecryptionFailed
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.plugin import MakeContext
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.audit import CHANGE_RECORDED
from services.payments.manifest import SERVICE
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.settings import PaymentsSettings
from services.payments.tests.identity_app import IdentityApp
from services.payments.tests.shop import Shop

BANK = {"account_holder": "Karoo Coffee", "bank": "Standard Bank", "account_number": "1234567890"}


class TestPaymentAccounts(ResourceSuite):
    path = "/payment-accounts"
    permission = "payments.accounts"
    create = {"provider": "sandbox", "name": "Cards", "currency": "ZAR"}
    changes = {"name": "Cards in the shop"}
    needs_active = True
    invalid = (
        {"provider": "paypal"},
        {"currency": "XXX"},
        {"currency": "zar"},
        {"credentials": {"secret_key": "mine"}},
        {"name": ""},
    )

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        return {**self.create, "is_active": n == 0}


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "sandbox", "name": "A", "currency": "ZAR"},
        {"provider": "bank_transfer", "name": "B", "currency": "ZAR", "credentials": BANK},
    ],
)
async def test_credentials_are_sealed_and_never_shown(
    client: Client, context: ServiceContext, tenant_id: UUID, body: dict[str, Any]
) -> None:
    made = await client.post("/payment-accounts", json=body)
    account_id = made.json()["id"]

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        stored = await uow.session.scalar(text("SELECT sealed_credentials FROM payments.payment_accounts"))
    records = await emitted(context, tenant_id, CHANGE_RECORDED["payments"])
    answers = [made.text, (await client.get(f"/payment-accounts/{account_id}")).text]
    for secret in ("1234567890", "sk_test_", "whsec_"):
        assert secret not in stored
        assert not any(secret in text for text in [*answers, *(str(r.data) for r in records)])
    assert not any(stored in text for text in [*answers, *(str(r.data) for r in records)])


async def test_credentials_open_for_their_own_row_only(shop: Shop) -> None:
    account = await shop.account()
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        row = await uow.session.get(PaymentAccount, (shop.tenant_id, UUID(account["id"])))
    assert row is not None
    assert set(open_credentials(shop.context.keyring, row)) == {"secret_key", "webhook_secret"}
    moved = PaymentAccount(id=new_id(), sealed_credentials=row.sealed_credentials)
    with pytest.raises(DecryptionFailed):
        open_credentials(shop.context.keyring, moved)


async def test_one_account_per_provider_and_currency_is_in_use(shop: Shop) -> None:
    first = await shop.account()
    body = {"provider": "sandbox", "name": "Second", "currency": "ZAR"}

    refused = await shop.client.post("/payment-accounts", json=body)
    second = await shop.account(name="Second", is_active=False)
    await shop.account(currency="USD")

    assert (refused.status_code, refused.json()["slug"]) == (409, "account-already-active")
    path = f"/payment-accounts/{second['id']}"
    assert (await shop.client.patch(path, json={"is_active": True})).status_code == 409
    await shop.client.patch(f"/payment-accounts/{first['id']}", json={"is_active": False})
    assert (await shop.client.patch(path, json={"is_active": True})).json()["is_active"] is True


async def test_provider_and_currency_stay(shop: Shop) -> None:
    account = await shop.account()
    for change in ({"currency": "USD"}, {"provider": "bank_transfer", "credentials": BANK}):
        body = {"provider": "sandbox", "name": "Cards", "currency": "ZAR", **change}
        response = await shop.client.put(f"/payment-accounts/{account['id']}", json=body)
        assert (response.status_code, response.json()["slug"]) == (409, "account-fixed")


@pytest.mark.parametrize(
    "credentials", [None, {}, {"bank": "X"}, {**BANK, "pin": "1"}, {**BANK, "bank": "x" * 101}]
)
async def test_a_bank_account_needs_its_details(client: Client, credentials: dict[str, str] | None) -> None:
    body = {"provider": "bank_transfer", "name": "B", "currency": "ZAR", "credentials": credentials}

    response = await client.post("/payment-accounts", json=body)

    assert (response.status_code, response.json()["slug"]) == (422, "invalid-credentials")


async def test_some_details_of_a_bank_account_can_change(client: Client, shop: Shop) -> None:
    account = await shop.account(provider="bank_transfer", credentials=BANK)
    path = f"/payment-accounts/{account['id']}"

    assert (await client.patch(path, json={"credentials": {"bank": "Other"}})).status_code == 200
    checkout = await shop.start(shop.orders.place(shop.tenant_id))

    assert checkout["instructions"]["bank"] == "Other"
    assert checkout["instructions"]["account_number"] == "1234567890"


async def test_the_provider_is_asked_about_the_credentials(shop: Shop) -> None:
    account = await shop.account()
    path = f"/payment-accounts/{account['id']}/test"

    assert (await shop.client.post(path)).json()["ok"] is True
    stranger = shop.client.acting(user(new_id()))
    assert (await stranger.post(path)).status_code == 404
    reader = shop.client.acting(user(shop.tenant_id, "payments.accounts.read"))
    assert (await reader.post(path)).status_code == 403


async def test_changes_ask_once_more_where_the_sign_in_is_long_ago(shop: Shop, identity: IdentityApp) -> None:
    account = await shop.account()
    path, body = f"/payment-accounts/{account['id']}", {"provider": "sandbox", "name": "B", "currency": "ZAR"}
    old = shop.client.acting(user(shop.tenant_id))
    assert old.actor is not None
    identity.stale.add(str(old.actor.session_id))
    writes: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/payment-accounts", {**body, "is_active": False}),
        ("PATCH", path, {"name": "C"}),
        ("PUT", path, body),
        ("DELETE", path, None),
    )

    for client in (old, shop.client.acting(user(shop.tenant_id, session_id=None))):
        for method, where, sent in writes:
            refused = await client.request(method, where, json=sent)
            assert (refused.status_code, refused.json()["slug"]) == (403, "reauthentication-required"), method
    assert (await old.get(path)).json()["name"] == account["name"]
    assert (await old.post(f"{path}/test")).status_code == 200

    # Keys have no session: what they open was decided when they were made.
    for key in (
        user(shop.tenant_id, session_id=None, key_id=new_id()),
        Actor(
            kind=ActorKind.API_KEY,
            key_id=new_id(),
            tenant_id=shop.tenant_id,
            tenant_status="active",
            permissions=frozenset({"payments.*"}),
        ),
    ):
        renamed = await shop.client.acting(key).patch(path, json={"name": "By a key"})
        assert renamed.status_code == 200, renamed.text


async def test_without_identity_nothing_is_changed(make_context: MakeContext, tenant_id: UUID) -> None:
    body = {"provider": "sandbox", "name": "A", "currency": "ZAR"}
    alone = Client(await make_context(SERVICE), user(tenant_id))
    assert (await alone.post("/payment-accounts", json=body)).status_code == 503


async def test_the_sandbox_can_be_turned_off(
    make_context: MakeContext, identity: IdentityApp, tenant_id: UUID
) -> None:
    context = await make_context(SERVICE, settings=PaymentsSettings(sandbox_enabled=False))
    context.upstreams.register("identity", identity)

    response = await Client(context, user(tenant_id)).post(
        "/payment-accounts", json={"provider": "sandbox", "name": "A", "currency": "ZAR"}
    )

    assert (response.status_code, response.json()["slug"]) == (409, "sandbox-disabled")
