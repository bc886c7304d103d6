"""Who works in a business, belongs to it, may come in, and asks what is known of him."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from deploy.e2e.isolation.acting import STAFF_EMAIL, Acting
from libs.common.testing.authenticator import Authenticator


class People(Acting):
    """A part of `Business`."""

    async def _application(self) -> None:
        """Papers that the operator likes to see and does not insist on, handed in before the deal is won."""
        papers = ("certificate", "licence")
        for code in papers:
            paper = {"code": code, "kind": "document", "label": "A paper", "is_required": False}
            await self.make("/registration-requirements", paper, (201, 409), who=self.staff)
        owner = {**self.owner, "X-Company-Id": self.company}
        for code in papers:
            body = {"requirement": code, "filename": f"{code}.pdf", "content_base64": "JVBERi0xLjQK"}
            made = await self.make(f"/registrations/{self.registration}/documents", body, who=owner)
        self.ids["document_id"] = made["id"]

    async def _people(self) -> None:
        me = await self.call("GET", "/auth/me", who=self.owner)
        client = await self.call("GET", "/auth/me", who=self.client)
        self.ids |= {"owner_id": me["id"], "customer_user_id": client["id"]}
        path = f"/tenants/{self.company}"
        for _ in range(2):
            role = await self.make(
                "/roles", {"code": self.unique(), "name": "Clerk", "permissions": ["crm.deals.read"]}
            )
            department = await self.make(
                f"{path}/departments", {"name": self.unique(), "description": "They"}
            )
            domain = await self.make(f"{path}/domains", {"host": f"{self.unique()}.example.com"})
            invited = {"email": f"invited-{self.unique()}@example.com", "roles": [role["code"]]}
            invitation = await self.make(f"{path}/invitations", invited)
            await self.make("/api-keys", {"name": self.unique(), "scopes": ["crm.deals.read"]})
            token = {
                "username": f"owner-{self.run}@example.com",
                "password": f"Sunrise-{self.run}-9",
                "name": self.unique(),
            }
            await self.make("/auth/token", token, status=200)
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            grant = {"email": STAFF_EMAIL, "reason": "They cannot", "expires_at": tomorrow.isoformat()}
            await self.make(f"{path}/staff-grants", grant)
            person = {
                "email": f"colleague-{self.unique()}@example.com",
                "password": f"Evening-{self.marker}-8",
                "first_name": "Sipho",
                "last_name": "Khumalo",
                "roles": ["manager", role["code"]],
                "department_id": department["id"],
            }
            made = await self.make("/users", person)
            await self._privacy()
        await self._ways_in()
        self.texts["colleague"] = person["email"]
        self.colleague = {
            **await self.sign_in(person["email"], person["password"]),
            "X-Company-Id": self.company,
        }
        await self.sign_in(person["email"], person["password"])
        # A second session of the owner, for its list to have a second page.
        await self.sign_in(f"owner-{self.run}@example.com", f"Sunrise-{self.run}-9")
        # Somebody with an account who belongs nowhere.
        free = {"email": f"free-{self.unique()}@example.com", "password": f"Evening-{self.marker}-8"}
        free |= {"first_name": "M", "last_name": "M"}
        joined = await self.make("/auth/signup", {**free, "company_id": self.company})
        member = f"{path}/members/{joined['user']['id']}"
        await self.call("DELETE", member, status=204, who=self.owner)
        self.ids |= {
            "free_email": free["email"],
            "staff_email": STAFF_EMAIL,
            "role": role["code"],
            "role_id": role["id"],
            "department_id": department["id"],
            "domain_id": domain["id"],
            "invitation_id": invitation["id"],
            "user_id": made["id"],
            "user_email": made["email"],
            "tenant_id": self.company,
        }

        async def known(_: Any = None) -> Any:
            # Identity tells the other services of a new colleague.
            return await self.call(
                "POST",
                "/tasks",
                status=(201, 422),
                who=self.owner,
                json={"name": "Welcome", "assignee_id": made["id"]},
            )

        await self.until("a colleague", known, lambda found: "id" in found)

    async def _ways_in(self) -> None:
        """Two passkeys of the owner, two providers of the business, and an account at each of them."""
        device = Authenticator(str(self.http.base_url).rstrip("/"))
        for _ in range(2):
            options = await self.make("/auth/passkeys/register/options", None, 200)
            credential = device.create(options)
            await self.make("/auth/passkeys/register/verify", {"name": "Phone", "credential": credential})
            host = f"{self.unique()}.example.com"
            provider = {"code": self.unique(), "name": "Own", "discovery_url": f"https://{host}"}
            await self.make(
                "/oidc-providers", {**provider, "client_id": "our-client", "client_secret": "secret"}
            )
            begun = await self.make("/auth/oidc/links", {"provider": provider["code"]}, 200)
            back = await self.internet.providers[host].visit(begun["authorization_url"])
            callback = back.pop("redirect_uri").partition("/api/v1")[2]
            await self.call("GET", callback, params=back)

    async def _privacy(self) -> None:
        person = {"email": f"{self.unique()}@example.com", "reason": "They asked"}
        for kind in ("erasures", "exports"):
            made = await self.make(f"/privacy/{kind}", person)
            path = f"/privacy/{kind}/{made['id']}"
            await self.until(
                f"the end of {path}",
                partial(self.call, "GET", path, who=self.owner),
                lambda found: found["status"] == "completed",
            )
