"""The tests that every plain resource passes: a test class per resource inherits them and says what it is.

    class TestContacts(ResourceSuite):
        path = "/contacts"
        permission = "crm.contacts"
        create = {"name": "Thandi", "phone": "1"}
        changes = {"phone": "2"}
        emptied = "phone"

The module's `client` fixture must act as a user of `tenant_id` who may do anything.
"""

from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest

from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client


class ResourceSuite:
    """Create, read, change, replace and remove, and everything that must be refused.

    Attributes:
        path: the list's path.
        permission: the prefix of `.read` and `.write`.
        create: a body that makes one; override `body` where it needs other rows or must differ each time.
        changes: a PATCH body whose values differ from `create`.
        emptied: a field of `create` that null empties, if there is one.
        required: a field that null must not empty.
        invalid: changes to `create` that make it invalid (422).
        has_put, has_delete: whether the resource takes PUT and DELETE.
        needs_active: whether a business that is not active is refused on writes.
    """

    path: ClassVar[str]
    permission: ClassVar[str]
    create: ClassVar[dict[str, Any]]
    changes: ClassVar[dict[str, Any]]
    emptied: ClassVar[str | None] = None
    required: ClassVar[str] = "name"
    invalid: ClassVar[tuple[dict[str, Any], ...]] = ()
    has_put: ClassVar[bool] = True
    has_delete: ClassVar[bool] = True
    needs_active: ClassVar[bool] = False

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        """The body of the n-th row; override where it refers to others or must be unique."""
        return dict(self.create)

    async def replacement(self, client: Client) -> dict[str, Any]:
        """The body of a PUT; override where it is not that of a POST."""
        return await self.body(client)

    async def make(self, client: Client, n: int = 0) -> dict[str, Any]:
        """A row, as the service answered it."""
        response = await client.post(self.path, json=await self.body(client, n))
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def listed(self, client: Client) -> set[str]:
        """The ids in the list."""
        response = await client.get(self.path, params={"limit": 200})
        assert response.status_code == 200, response.text
        return {row["id"] for row in response.json()["items"]}

    def writes(self, row_id: str) -> list[tuple[str, str]]:
        """The methods that change a row, with their paths."""
        methods = ["PATCH"] + ["PUT"] * self.has_put + ["DELETE"] * self.has_delete
        return [(method, f"{self.path}/{row_id}") for method in methods]

    async def send(
        self, client: Client, method: str, path: str, body: dict[str, Any], **options: Any
    ) -> httpx.Response:
        """Call with the body that the method takes."""
        content = {"PATCH": self.changes, "PUT": body, "POST": body}.get(method)
        return await client.request(method, path, json=content, **options)

    async def test_it_is_created_read_and_changed(self, client: Client) -> None:
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"

        read = await client.get(path)
        changed = await client.patch(path, json=self.changes)

        assert read.json() == made
        assert changed.status_code == 200, changed.text
        assert {name: changed.json()[name] for name in self.changes} == self.changes
        assert (await client.get(path)).json() == changed.json()
        assert made["id"] in await self.listed(client)

    async def test_it_is_replaced(self, client: Client) -> None:
        if not self.has_put:
            pytest.skip("takes no PUT")
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"
        await client.patch(path, json=self.changes)

        replaced = await client.put(path, json=await self.replacement(client))

        assert replaced.status_code == 200, replaced.text
        assert {name: replaced.json()[name] for name in self.changes} == {
            name: made[name] for name in self.changes
        }

    async def test_what_was_read_can_be_sent_back_and_what_is_read_only_stays(self, client: Client) -> None:
        if not self.has_put:
            pytest.skip("takes no PUT")
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"
        read = (await client.get(path)).json()
        # What is never shown is to be said again.
        body = {**await self.replacement(client), **read}

        same = await client.put(path, json=body)
        assert same.status_code == 200, same.text
        other = await client.put(path, json={**body, "id": str(new_id()), "version": same.json()["version"]})
        old = await client.put(path, json=body)

        assert self._lasting(same.json()) == self._lasting(read)
        assert (other.status_code, [error["loc"] for error in other.json()["errors"]]) == (
            422,
            [["body", "id"]],
        )
        assert (old.status_code, old.json()["slug"]) == (412, "precondition-failed")
        assert (await client.put(path, json={**body, "surprise": 1})).status_code == 422

    @staticmethod
    def _lasting(row: dict[str, Any]) -> dict[str, Any]:
        """What of a row no write changes by itself."""
        return {name: value for name, value in row.items() if name != "version" and not name.endswith("_at")}

    async def test_it_is_removed(self, client: Client) -> None:
        if not self.has_delete:
            pytest.skip("takes no DELETE")
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"

        removed = await client.delete(path)

        assert removed.status_code == 204, removed.text
        assert (await client.get(path)).status_code == 404
        assert (await client.delete(path)).status_code == 404
        assert made["id"] not in await self.listed(client)

    async def test_null_empties_a_field_and_absent_leaves_it(self, client: Client) -> None:
        if self.emptied is None:
            pytest.skip("has no field that may be empty")
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"
        assert made[self.emptied] is not None
        changes = {name: value for name, value in self.changes.items() if name != self.emptied}

        kept = (await client.patch(path, json=changes)).json()
        emptied = (await client.patch(path, json={self.emptied: None})).json()

        assert kept[self.emptied] == made[self.emptied]
        assert emptied[self.emptied] is None

    async def test_null_does_not_empty_what_must_be_there(self, client: Client) -> None:
        made = await self.make(client)

        response = await client.patch(f"{self.path}/{made['id']}", json={self.required: None})

        assert response.status_code == 422
        assert response.json()["slug"] == "validation-failed"

    async def test_an_old_version_is_refused(self, client: Client) -> None:
        made = await self.make(client)
        path = f"{self.path}/{made['id']}"
        old = {"If-Match": (await client.get(path)).headers["etag"]}
        changed = await client.patch(path, json=self.changes, headers=old)
        assert changed.headers["etag"] != old["If-Match"]

        for method, target in self.writes(made["id"]):
            response = await self.send(client, method, target, await self.replacement(client), headers=old)
            assert response.status_code == 412, (method, response.text)

        assert (await client.get(path)).json() == changed.json()

    async def test_pages_follow_each_other_without_gaps(self, client: Client) -> None:
        for n in range(5):
            await self.make(client, n)
        expected = await self.listed(client)
        for order in ("created_at", "-created_at"):
            seen: list[str] = []
            params: dict[str, Any] = {"limit": 2, "order": order}
            while True:
                page = (await client.get(self.path, params=params)).json()
                seen += [row["id"] for row in page["items"]]
                if page["next_cursor"] is None:
                    break
                params["cursor"] = page["next_cursor"]
            assert len(seen) == len(set(seen))
            assert set(seen) == expected

    async def test_a_cursor_of_another_tenant_is_refused(self, client: Client, other_tenant_id: UUID) -> None:
        for n in range(2):
            await self.make(client, n)
        cursor = (await client.get(self.path, params={"limit": 1})).json()["next_cursor"]

        response = await client.acting(user(other_tenant_id)).get(self.path, params={"cursor": cursor})

        assert response.json()["slug"] == "invalid-cursor"

    async def test_anonymous_gets_401(self, client: Client, tenant_id: UUID) -> None:
        body = await self.body(client)
        made = await self.make(client, 1)
        calls = [("GET", self.path), ("POST", self.path), ("GET", f"{self.path}/{made['id']}")]
        for anyone in (client.acting(None), client.acting(guest(tenant_id))):
            for method, path in calls + self.writes(made["id"]):
                response = await self.send(anyone, method, path, body)
                assert response.status_code == 401, (method, path)
                assert response.headers["content-type"] == "application/problem+json"

    async def test_without_the_permission_gets_403(self, client: Client, tenant_id: UUID) -> None:
        body = await self.body(client)
        made = await self.make(client, 1)
        read, write = f"{self.permission}.read", f"{self.permission}.write"
        reader, writer = client.acting(user(tenant_id, read)), client.acting(user(tenant_id, write))

        for method, path in [("POST", self.path), *self.writes(made["id"])]:
            response = await self.send(reader, method, path, body)
            assert response.status_code == 403, (method, path)
            assert response.json()["required_permission"] == write
        for path in (self.path, f"{self.path}/{made['id']}"):
            assert (await reader.get(path)).status_code == 200
            response = await writer.get(path)
            assert response.status_code == 403
            assert response.json()["required_permission"] == read

    async def test_a_business_that_is_not_active_may_only_look(self, client: Client, tenant_id: UUID) -> None:
        if not self.needs_active:
            pytest.skip("open to businesses that are not active")
        body = await self.body(client)
        made = await self.make(client, 1)
        pending = client.acting(replace(user(tenant_id), tenant_status="pending"))

        assert (await pending.get(f"{self.path}/{made['id']}")).status_code == 200
        for method, path in [("POST", self.path), *self.writes(made["id"])]:
            response = await self.send(pending, method, path, body)
            assert response.status_code == 403, (method, path)
            assert response.json()["slug"] == "tenant-not-active"

    async def test_another_tenant_gets_404(self, client: Client, other_tenant_id: UUID) -> None:
        made = await self.make(client)
        stranger = client.acting(user(other_tenant_id))

        assert made["id"] not in await self.listed(stranger)
        for method, path in [("GET", f"{self.path}/{made['id']}"), *self.writes(made["id"])]:
            response = await self.send(stranger, method, path, await self.replacement(client))
            assert response.status_code == 404, (method, response.text)
        assert (await client.get(f"{self.path}/{made['id']}")).json() == made

    async def test_bad_input_is_refused_and_changes_nothing(self, client: Client) -> None:
        body = await self.body(client)
        before = await self.listed(client)
        text = next((name for name, value in body.items() if isinstance(value, str)), None)
        nul = ({text: "nul\x00"},) if text else ()

        for change in ({"surprise": 1}, {self.required: None}, *nul, *self.invalid):
            response = await client.post(self.path, json=body | change)
            assert response.status_code == 422, (change, response.text)
            assert response.json()["type"].startswith("urn:pillars:problem:")
        assert (await client.post(self.path, json={})).status_code == 422
        broken = await client.post(self.path, content=b"{", headers={"Content-Type": "application/json"})
        assert broken.status_code == 400
        assert (await client.get(self.path, params={"surprise": "1"})).status_code == 422
        assert (await client.get(self.path, params={"order": "surprise"})).status_code == 422
        assert (await client.get(f"{self.path}/{new_id()}x")).status_code == 422
        assert (await client.get(f"{self.path}/{new_id()}")).status_code == 404
        assert await self.listed(client) == before
