"""Conversations over HTTP: whose they are, and what every resource promises."""

from uuid import UUID

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.audit import CHANGE_RECORDED


class TestConversations(ResourceSuite):
    """What every resource promises."""

    path = "/ai/conversations"
    permission = "analytics.conversations"
    create = {"title": "How is March going?", "system_prompt": "Answer briefly."}
    changes = {"title": "And April?", "system_prompt": "At length."}
    emptied = "system_prompt"
    required = "title"
    invalid = (
        {"title": ""},
        {"title": "x" * 201},
        {"title": 5},
        {"system_prompt": "x" * 4001},
        {"user_id": "me"},
    )

    async def test_without_the_permission_gets_403(self, client: Client, tenant_id: UUID) -> None:
        """Others' conversations are not there even with the permission, so each asks for his own."""
        body = await self.body(client)
        assert client.actor is not None
        me = client.actor.user_id
        made = await self.make(client)
        read, write = f"{self.permission}.read", f"{self.permission}.write"
        reader = client.acting(user(tenant_id, read, user_id=me))
        writer = client.acting(user(tenant_id, write, user_id=me))

        for method, path in [
            ("POST", self.path),
            *self.writes(made["id"]),
            ("POST", f"{self.path}/{made['id']}/ask"),
        ]:
            response = await self.send(reader, method, path, body)
            assert (response.status_code, response.json()["required_permission"]) == (403, write), (
                method,
                path,
            )
        for path in (self.path, f"{self.path}/{made['id']}", f"{self.path}/{made['id']}/messages"):
            assert (await reader.get(path)).status_code == 200
            response = await writer.get(path)
            assert (response.status_code, response.json()["required_permission"]) == (403, read)


async def test_nobody_sees_the_conversations_of_another(client: Client, tenant_id: UUID) -> None:
    made = (await client.post("/ai/conversations", json={"title": "Private"})).json()
    path = f"/ai/conversations/{made['id']}"

    for other in (user(tenant_id), user(tenant_id, roles=("superadmin",), is_superuser=True)):
        stranger = client.acting(other)
        assert (await stranger.get("/ai/conversations")).json()["items"] == []
        assert (await stranger.get("/ai/conversations", params={"q": "Private"})).json()["items"] == []
        answers = [
            await stranger.get(path),
            await stranger.get(f"{path}/messages"),
            await stranger.get(f"{path}/stream"),
            await stranger.patch(path, json={"title": "Mine"}),
            await stranger.delete(path),
            await stranger.post(f"{path}/ask", json={"prompt": "What is our revenue?"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 6

    assert (await client.get(path)).json() == made


async def test_a_program_has_no_conversations(client: Client, tenant_id: UUID) -> None:
    program = client.acting(user(tenant_id, user_id=None))

    for answer in (
        await program.get("/ai/conversations"),
        await program.post("/ai/conversations", json={"title": "x"}),
    ):
        assert answer.status_code == 403
        assert answer.json()["slug"] == "permission-denied"


async def test_a_conversation_is_found_by_its_title(client: Client) -> None:
    for title in ("Stock in March", "Revenue of April"):
        await client.post("/ai/conversations", json={"title": title})

    found = (await client.get("/ai/conversations", params={"q": "april"})).json()["items"]
    ordered = (await client.get("/ai/conversations", params={"order": "title"})).json()["items"]

    assert [row["title"] for row in found] == ["Revenue of April"]
    assert [row["title"] for row in ordered] == ["Revenue of April", "Stock in March"]


async def test_a_plan_without_the_assistant_shows_and_changes_nothing(
    client: Client, tenant_id: UUID
) -> None:
    assert client.actor is not None
    made = (await client.post("/ai/conversations", json={"title": "Before"})).json()
    path = f"/ai/conversations/{made['id']}"
    free = client.acting(user(tenant_id, user_id=client.actor.user_id, features=frozenset(), plan="free"))

    assert (await free.get(path)).json() == made
    assert (await free.get(f"{path}/messages")).status_code == 200
    for answer in (
        await free.post("/ai/conversations", json={"title": "x"}),
        await free.patch(path, json={"title": "x"}),
        await free.put(path, json={"title": "x"}),
        await free.delete(path),
        await free.post(f"{path}/ask", json={"prompt": "What is our revenue?"}),
    ):
        assert answer.status_code == 403
        assert (answer.json()["slug"], answer.json()["feature"]) == ("feature-not-in-plan", "assistant.chat")


async def test_the_audit_log_does_not_tell_what_was_said(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    made = (
        await client.post("/ai/conversations", json={"title": "Layoffs", "system_prompt": "Quietly"})
    ).json()
    path = f"/ai/conversations/{made['id']}"
    await client.post(f"{path}/ask", json={"prompt": "Whom to dismiss?"})
    await client.patch(path, json={"title": "Layoffs, again"})
    await client.delete(path)

    told = await emitted(context, tenant_id, CHANGE_RECORDED["analytics"])

    assert [event.data["action"] for event in told] == ["created", "asked", "updated", "deleted"]
    said = str([event.data for event in told])
    assert not [word for word in ("Layoffs", "Quietly", "dismiss") if word in said]
