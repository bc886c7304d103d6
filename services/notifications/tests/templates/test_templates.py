"""Templates over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite
from services.notifications.tests.factories import join, mails, placed, run_jobs, take

LOCALES = ("en", "ru", "pt", "pt-BR", "de", "fr", "es")


class TestTemplates(ResourceSuite):
    """Templates as a plain resource."""

    path = "/templates"
    permission = "notifications.templates"
    create: ClassVar[dict[str, Any]] = {
        "type": "order_placed",
        "channel": "email",
        "subject": "Order {{ order.number }}",
        "text": "Thank you",
        "html": "<p>Thank you</p>",
    }
    changes: ClassVar[dict[str, Any]] = {"text": "Thanks", "subject": "Order"}
    emptied = "html"
    required = "text"
    invalid = (
        {"type": "surprise"},
        {"channel": "push"},
        {"channel": "pigeon"},
        {"locale": "English"},
        {"text": "{{ 'x' * 9 }}"},
        {"subject": "{% for x in y %}"},
        {"html": "{{ x|safe }}"},
    )

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        """One per language."""
        taken = {row["locale"] for row in (await client.get("/templates")).json()["items"]}
        return {**self.create, "locale": next(locale for locale in LOCALES[n:] if locale not in taken)}

    async def replacement(self, client: Client) -> dict[str, Any]:
        """The language stays free for others."""
        return {**self.create, "locale": "zz"}

    async def test_it_is_removed(self, client: Client) -> None:
        await super().test_it_is_removed(client)

    async def test_a_second_text_for_the_same_place_is_refused(self, client: Client) -> None:
        body = {**self.create, "locale": "en"}
        assert (await client.post(self.path, json=body)).status_code == 201
        again = await client.post(self.path, json=body)
        assert (again.status_code, again.json()["slug"]) == (409, "already-exists")


async def make(client: Client, **changes: Any) -> dict[str, Any]:
    """A text of the client's tenant."""
    response = await client.post("/templates", json={**TestTemplates.create, **changes})
    assert response.status_code == 201, response.text
    return response.json()


async def test_an_own_text_takes_the_place_of_the_built_in_one(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    await join(context, tenant_id, "owner")
    await make(client, subject="Howzit {{ order.number }}", html="<b>{{ order.customer }}</b>")

    await take(context, placed(email, customer_name="<i>"), tenant_id)
    await run_jobs(context)

    [item] = await mails(client, email)
    assert item["subject"] == "Howzit 1001"
    assert "<b>&lt;i&gt;</b>" in (await client.get(f"/mailbox/{item['id']}")).json()["html"]


async def test_an_own_text_that_cannot_be_filled_in_gives_way(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    await join(context, tenant_id, "owner")
    await make(client, text="{{ order.number|money|date }}")

    await take(context, placed(email), tenant_id)
    await run_jobs(context)

    assert [m["subject"] for m in await mails(client, email)] == ["Your order 1001"]


async def test_a_member_reads_in_his_language(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await join(context, tenant_id, "owner")
    buyer = await join(context, tenant_id, "client", locale="ru")

    await take(context, placed(buyer.email, customer_user_id=buyer.user_id), tenant_id)
    await run_jobs(context)

    assert [m["subject"] for m in await mails(client, buyer.email)] == ["Ваш заказ 1001"]


async def test_a_preview_fills_in_given_or_example_values(client: Client) -> None:
    template = await make(client, subject="Order {{ order.number }}", text="Hi {{ name }}", html=None)
    path = f"/templates/{template['id']}/preview"

    example = (await client.post(path, json={})).json()
    given = (
        await client.post(path, json={"variables": {"name": "<Bo>\r\n", "order": {"number": "7\nBcc: x"}}})
    ).json()

    assert example["text"] == "Hi Thandi Mokoena"
    assert given["subject"] == "Order 7 Bcc: x"
    assert "Hi &lt;Bo&gt;" in given["html"]


async def test_a_test_goes_to_the_caller_or_to_a_named_address(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    template = await make(client)
    me = client.acting(user(tenant_id, email=f"me-{email}"))
    path = f"/templates/{template['id']}/test"

    for body in ({}, {"to": email}):
        assert (await me.post(path, json=body)).status_code == 202
    await run_jobs(context)

    for to in (email, f"me-{email}"):
        assert [m["subject"] for m in await mails(client, to)] == ["Order 1001"]


@pytest.mark.parametrize("verb", ["preview", "test"])
async def test_verbs_are_for_the_own_business(
    client: Client, other_tenant_id: UUID, tenant_id: UUID, verb: str
) -> None:
    template = await make(client)
    path = f"/templates/{template['id']}/{verb}"

    assert (await client.acting(user(other_tenant_id)).post(path, json={})).status_code == 404
    assert (await client.acting(None).post(path, json={})).status_code == 401
    assert (await client.acting(user(tenant_id, "x.y")).post(path, json={})).status_code == 403


async def test_the_built_in_texts_are_shown(client: Client) -> None:
    items = (await client.get("/templates/builtin")).json()["items"]
    assert {"order_placed", "company_activated"} <= {item["type"] for item in items}
