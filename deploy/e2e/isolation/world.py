"""Two businesses that have everything, each with a word of its own in every text, made as people make them: by the API."""

import asyncio
import base64
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
from rich.console import Console

from deploy.demo.story import ADMIN, Story
from libs.common.ids import new_id
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.identity_provider import Internet

Json = Any
# How long a token must still be good for a walk to begin with it.
FRESH_SECONDS = 300
# Somebody of the operator's staff, whom both businesses let in.
STAFF_EMAIL = ADMIN["email"]
# Fields of bodies that take any text, which then bears the word of the business.
_TEXTS = frozenset(
    [
        "name",
        "first_name",
        "last_name",
        "description",
        "text",
        "note",
        "reason",
        "line1",
        "line2",
        "city",
        "region",
        "address",
        "industry",
        "title",
        "won_reason",
        "lost_reason",
        "source",
        "position",
        "company_name",
        "customer_name",
        "reference",
        "alt",
        "subject",
        "html",
        "seo_title",
        "seo_description",
        "notes",
        "contact_name",
    ]
)
# What must not be the same twice within a business.
_UNIQUE = frozenset(["sku", "code", "slug", "host", "number", "token", "external_id"])


class Recorded:
    """A request that a business made, and what came of it."""

    def __init__(
        self, method: str, path: str, headers: dict[str, str], body: Json, response: httpx.Response
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.response = response

    @property
    def key(self) -> str | None:
        """Its idempotency key."""
        return self.headers.get("Idempotency-Key")


class Business(Story):
    """A business that has at least one row of every kind, two where a list has pages.

    `marker` is in every text of it; `ids` holds what others may try to refer to, by the names of fields.
    """

    def __init__(self, http: httpx.AsyncClient, name: str, internet: Internet) -> None:
        super().__init__(http, Console(quiet=True))
        self.internet = internet
        self.marker = self.run = f"{name}{self.run}"
        self.recorded: list[Recorded] = []
        self.ids: dict[str, str] = {}
        self.colleague: dict[str, str] = {}
        # Where ids come from that are not the first of a list, by the path up to them; texts by the name of a filter.
        self.places: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._count = 0

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """As in the story, with the word in every text, and kept for those who try it again."""
        if options.get("json") is not None and not path.startswith(("/auth/login", "/auth/token")):
            options["json"] = marked(options["json"], self.marker)
        return await super().call(method, path, **options)

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        """As in the story, with more patience: how fast things come is tried elsewhere."""
        return await patiently(what, look, holds)

    async def watch(self, response: httpx.Response) -> None:
        """Keep what was asked and answered (a hook of the client)."""
        await response.aread()
        request = response.request
        # httpx has the body of any request that is no stream.
        content = request.content
        is_json = request.headers.get("content-type") == "application/json"
        body = httpx.Response(200, content=content).json() if is_json and content else None
        names = ("authorization", "x-company-id", "idempotency-key", "x-cart-token")
        sent = {name.title(): request.headers[name] for name in names if name in request.headers}
        self.recorded.append(Recorded(request.method, request.url.path, sent, body, response))

    async def settle(self) -> None:
        """Play the story, then make what it leaves out."""
        for step in (
            self.a_business_registers,
            self.staff_see_it,
            self._application,
            self.the_deal_is_won,
            self.the_owner_sets_up_shop,
            self.a_client_buys,
            self.and_pays,
            self.it_is_sent,
            self.a_refund,
        ):
            await step()
        await self._people()
        for notice in ("order_shipped", "order_placed"):
            await self._crm()
            await self._catalogue()
            await self._money()
            await self._notices(notice)
        await self._once()
        self._name_places()

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

    async def come_back(self) -> None:
        """Sign in again whose session has ended or whose token soon expires."""
        accounts = {
            "owner": (f"owner-{self.run}@example.com", f"Sunrise-{self.run}-9"),
            "client": (f"client-{self.run}@example.com", f"Morning-{self.run}-7"),
            "colleague": (self.texts["colleague"], f"Evening-{self.marker}-8"),
        }
        for name, account in accounts.items():
            headers: dict[str, str] = getattr(self, name)
            is_fresh = claims(headers)["exp"] - time.time() > FRESH_SECONDS
            if is_fresh and (await self.http.get("/api/v1/auth/me", headers=headers)).status_code == 200:
                continue
            setattr(self, name, {**await self.sign_in(*account), "X-Company-Id": self.company})

    async def make(
        self, path: str, body: Json, status: int | tuple[int, ...] = 201, **options: Any
    ) -> dict[str, Any]:
        """A new thing of the owner's."""
        made: dict[str, Any] = await self.call(
            "POST", path, status=status, who=options.pop("who", self.owner), json=body, **options
        )
        return made

    def unique(self) -> str:
        """A text nobody had before."""
        self._count += 1
        return f"{self.marker}-{self._count}"

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

    async def _crm(self) -> None:
        ids = self.ids
        colleague = ids["user_id"]
        company = await self.make(
            "/companies", {"name": "Supplier", "industry": "Food", "owner_id": colleague}
        )
        contact = await self.make(
            "/contacts",
            {"first_name": "Zola", "email": f"{self.unique()}@example.com", "company_id": company["id"]},
        )
        lead = await self.make("/leads", {"name": "A lead", "source": "fair", "owner_id": colleague})
        pipeline = await self.make(
            "/pipelines", {"name": self.unique(), "stages": [{"name": "Talk"}, {"name": "Ask"}]}
        )
        stage = await self.make("/stages", {"name": self.unique(), "pipeline_id": pipeline["id"]})
        line = {"sku": self.unique(), "name": "Beans", "unit_price": {"amount": 4200, "currency": "ZAR"}}
        deal = await self.make(
            "/deals",
            {
                "name": "A deal",
                "description": "Long",
                "lines": [line],
                "company_id": company["id"],
                "contact_id": contact["id"],
                "owner_id": colleague,
                "pipeline_id": pipeline["id"],
                "stage_id": pipeline["stages"][0]["id"] if pipeline.get("stages") else stage["id"],
            },
        )
        await self.make(f"/deals/{deal['id']}/move", {"stage_id": stage["id"]}, 200)
        lines = await self.make(f"/deals/{deal['id']}/lines", {**line, "sku": self.unique()})
        task = await self.make(f"/deals/{deal['id']}/tasks", {"name": "Call", "assignee_id": colleague})
        await self.make("/tasks", {"name": "Ring", "assignee_id": ids["owner_id"]}, who=self.colleague)
        request = await self.make(
            "/requests", {"name": "A request", "deal_id": deal["id"], "contact_id": contact["id"]}
        )
        project = await self.make(
            "/projects", {"name": "A project", "member_ids": [colleague], "deal_id": deal["id"]}
        )
        memo = await self.make("/memos", {"name": "A memo", "text": "Read", "recipient_ids": [colleague]})
        message = await self.make(
            "/chat",
            {"object_type": "deal", "object_id": deal["id"], "text": "Hello", "mentions": [colleague]},
        )
        await self.make(
            "/chat",
            {
                "object_type": "deal",
                "object_id": deal["id"],
                "text": "Hello back",
                "mentions": [ids["owner_id"]],
            },
            who=self.colleague,
        )
        ids |= {
            "company_id": company["id"],
            "contact_id": contact["id"],
            "lead_id": lead["id"],
            "pipeline_id": pipeline["id"],
            "stage_id": stage["id"],
            "deal_id": deal["id"],
            "deal_line_id": (lines.get("lines") or [lines])[-1]["id"],
            "task_id": task["id"],
            "request_id": request["id"],
            "project_id": project["id"],
            "memo_id": memo["id"],
            "message_id": message["id"],
            "thread_id": message["thread_id"],
        }

    async def _catalogue(self) -> None:
        category = await self.make("/categories", {"name": self.unique(), "description": "Kinds"})
        product = await self.make(
            "/products",
            {
                "name": "Filter blend",
                "description": "Light",
                "type": "goods",
                "status": "active",
                "category_id": category["id"],
                "media": [{"url": f"https://{self.marker}.example.com/{self.unique()}.png", "alt": "A bag"}],
                "variants": [{"sku": self.unique(), "price": {"amount": 17700, "currency": "ZAR"}}],
            },
        )
        variant = product["variants"][0]["id"]
        await self.make(
            f"/products/{product['id']}/variants", {"sku": self.unique(), "options": {"size": "1 kg"}}
        )
        await self.make(f"/variants/{variant}/prices", {"price": {"amount": 18800, "currency": "ZAR"}})
        store = await self.make(
            "/inventory/stores", {"name": "Annexe", "code": self.unique(), "address": "Here"}
        )
        stock = {"store_id": store["id"], "variant_id": variant}
        await self.make("/inventory/adjustments", {**stock, "quantity_delta": 50, "reason": "opening"})
        await self.make(
            "/inventory/counts", {"store_id": store["id"], "lines": [{"variant_id": variant, "counted": 49}]}
        )
        await self.make(
            "/inventory/transfers",
            {"from_store_id": store["id"], "to_store_id": self.store, "variant_id": variant, "quantity": 9},
        )
        supplier = await self.make(
            "/suppliers",
            {"name": "Roasters", "code": self.unique(), "address": "There", "external_id": self.unique()},
        )
        self.ids |= {
            "supplier_id": supplier["id"],
            "category_id": category["id"],
            "parent_id": category["id"],
            "product_id": product["id"],
            "variant_id": variant,
            "store_id": store["id"],
            "from_store_id": store["id"],
            "to_store_id": store["id"],
        }

    async def _money(self) -> None:
        tax = await self.make(
            "/tax-rates",
            {"name": "VAT", "country": "ZA", "tax_class": self.unique()[-20:], "rate_ppm": 150000},
        )
        shipping = await self.make(
            "/shipping/accounts",
            {
                "provider": "table",
                "name": "A van",
                "rates": [{"name": "Slow", "amount": {"amount": 4900, "currency": "ZAR"}}],
            },
        )
        account = await self.make(
            "/payment-accounts",
            {
                "provider": "bank_transfer",
                "name": "A bank",
                "currency": "ZAR",
                "is_active": "account_id" not in self.ids,
                "credentials": {
                    "account_holder": self.marker,
                    "bank": self.marker,
                    "account_number": "62000000001",
                },
            },
        )
        cart = await self.make("/carts", {"currency": "ZAR", "note": "Soon"})
        filled = await self.make(
            f"/carts/{cart['id']}/items", {"variant_id": self.ids["variant_id"], "quantity": 1}
        )
        order = await self.make(
            "/orders",
            {
                "email": f"{self.unique()}@example.com",
                "currency": "ZAR",
                "items": [{"variant_id": self.ids["variant_id"], "quantity": 5}],
                "customer_user_id": self.ids["customer_user_id"],
                "note": "By telephone",
                "address": {"line1": "3 Dock Road", "city": "Knysna", "postal_code": "6570", "country": "ZA"},
                "shipping_method_id": shipping["rates"][0]["id"],
            },
            headers={"Idempotency-Key": f"order-{self.unique()}"},
        )
        if "paid_order_id" not in self.ids:
            await self._pay(order)
        line = {"description": "Roasting", "quantity": 1, "unit_price": {"amount": 9900, "currency": "ZAR"}}
        invoice = await self.make(
            "/invoices",
            {
                "currency": "ZAR",
                "lines": [line],
                "customer_name": "A hotel",
                "email": f"{self.unique()}@example.com",
            },
            headers={"Idempotency-Key": f"invoice-{self.unique()}"},
        )
        if "invoice_id" not in self.ids:
            path = f"/invoices/{invoice['id']}"
            await self.make(f"{path}/finalize", None, 200)
            key = {"Idempotency-Key": f"pay-{self.unique()}"}
            await self.make(f"{path}/pay", {"method": "cash", "reference": "Till"}, 200, headers=key)
        refund = await self.make(
            f"/payments/{self.payment}/refund",
            {"amount": {"amount": 1100, "currency": "ZAR"}, "reason": "Late"},
            headers={"Idempotency-Key": f"refund-{self.unique()}"},
        )
        shipments = await self.call("GET", f"/orders/{self.order['id']}/shipments", who=self.owner)
        self.ids |= {
            "tax_rate_id": tax["id"],
            "shipping_account_id": shipping["id"],
            "account_id": self.ids.get("account_id", account["id"]),
            "cart_id": cart["id"],
            "item_id": filled["items"][0]["id"],
            "order_id": self.order["id"],
            "open_order_id": order["id"],
            "line_id": shipments["items"][0]["items"][0]["line_id"],
            "shipment_id": shipments["items"][0]["id"],
            "invoice_id": invoice["id"],
            "refund_id": refund["id"],
            "payment_id": self.payment,
            "shipping_method_id": shipping["rates"][0]["id"],
        }

    async def _pay(self, order: dict[str, Any]) -> None:
        """Pay an order on the provider's page; it waits to be sent then."""
        checkout = await self.make(
            "/payments/checkouts",
            {"order_id": order["id"]},
            headers={"Idempotency-Key": f"checkout-{self.unique()}"},
        )
        await self.http.post(checkout["redirect_url"], data={"outcome": "success"})
        await self.until(
            "payment",
            lambda: self.call("GET", f"/orders/{order['id']}", who=self.owner),
            lambda found: found["status"] != "placed",
        )
        self.ids |= {
            "paid_order_id": order["id"],
            "paid_line_id": order["items"][0]["line_id"],
            "paid_variant_id": order["items"][0]["variant_id"],
        }

    async def another(self, operation: str) -> list[str] | None:
        """The values of the path of an operation that works on a thing but once: a new thing each time."""
        if operation == "POST /api/v1/leads/{lead_id}/convert":
            return [(await self.make("/leads", {"name": "One more"}))["id"]]
        if operation == "POST /api/v1/deals/{deal_id}/reopen":
            deal = await self.make("/deals", {"name": "Lost", "pipeline_id": self.ids["pipeline_id"]})
            await self.make(f"/deals/{deal['id']}/lose", {"lost_reason": "Price"}, 200)
            return [deal["id"]]
        return None

    async def _notices(self, kind: str) -> None:
        token = f"device-{self.unique()}-{'x' * 40}"
        await self.make("/fcm/register", {"token": token, "platform": "web"})
        device = {"token": f"device-{self.unique()}-{'y' * 40}"}
        await self.make("/fcm/register", device, who=self.client)
        template = await self.make(
            "/templates",
            {"type": kind, "channel": "email", "locale": "ru", "subject": "S", "text": "T"},
        )
        for channel in ("email", "push"):
            sent = await self.make(
                "/messages",
                {
                    "to_user_id": self.ids["owner_id"],
                    "channel": channel,
                    "subject": "A word",
                    "text": "To you",
                },
                202,
                headers={"Idempotency-Key": f"message-{self.unique()}"},
            )
        self.ids |= {
            "token": token,
            "template_id": template["id"],
            "delivery_id": sent["deliveries"][0]["id"],
        }

    def _name_places(self) -> None:
        ids = self.ids
        deal, order = "/api/v1/deals/{deal_id}", "/api/v1/orders/{order_id}"
        product, cart = "/api/v1/products/{product_id}", "/api/v1/carts/{cart_id}"
        tenant = "/api/v1/tenants/{tenant_id}"
        self.places = {
            tenant: self.company,
            f"{tenant}/members/{{user_id}}": ids["user_id"],
            "/api/v1/users/{user_id}": ids["user_id"],
            "/api/v1/roles/{role_id}": ids["role_id"],
            "/api/v1/registrations/{registration_id}": self.registration,
            # Of the operator alone.
            "/api/v1/registrations/delegations/{delegation_id}": str(new_id()),
            "/api/v1/registration-requirements/{requirement_id}": str(new_id()),
            "/api/v1/registration-rules/{rule_id}": str(new_id()),
            "/api/v1/signing-keys/{key_id}": str(new_id()),
            "/api/v1/fcm/register/{token}": ids["token"],
            deal: ids["deal_id"],
            "/api/v1/contacts/{contact_id}": ids["contact_id"],
            "/api/v1/stages/{stage_id}": ids["stage_id"],
            "/api/v1/chat/{message_id}": ids["message_id"],
            "/api/v1/chat/threads/{thread_id}": ids["thread_id"],
            product: ids["product_id"],
            f"{product}/variants/{{variant_id}}": ids["variant_id"],
            "/api/v1/variants/{variant_id}": ids["variant_id"],
            "/api/v1/inventory/reservations/{order_id}": ids["order_id"],
            cart: ids["cart_id"],
            f"{cart}/items/{{item_id}}": ids["item_id"],
            order: ids["order_id"],
            f"POST {order}": ids["paid_order_id"],
            "/api/v1/invoices/{invoice_id}": ids["invoice_id"],
            f"{order}/shipments/{{shipment_id}}": ids["shipment_id"],
            "/api/v1/payments/{payment_id}": ids["payment_id"],
            "/api/v1/dropdown-options/{category}": "task_statuses",
            **{
                f"/api/v1/admin/bus/{kind}/{{service}}{tail}": value
                for kind in ("dead-letters", "jobs")
                for tail, value in (("", "crm"), ("/{id}", str(new_id())))
            },
        }
        self.texts |= {
            "token": ids["token"],
            "email": f"client-{self.run}@example.com",
            "to": f"client-{self.run}@example.com",
            "recipient": f"client-{self.run}@example.com",
            "slug": f"karoo-coffee-{self.run}",
        }

    async def _once(self) -> None:
        """What works on all rows of a business at a time."""
        await self.call("POST", "/notifications/read-all", who=self.colleague)
        await self.call("POST", "/analytics/rebuild", status=202, who=self.owner)
        revoked = await self.sign_in(f"owner-{self.run}@example.com", f"Sunrise-{self.run}-9")
        await self.call("GET", "/auth/me", who=revoked)


def claims(headers: dict[str, str]) -> dict[str, Any]:
    """What the token that the headers bear says."""
    payload = headers["Authorization"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


async def patiently(
    what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], *, pause: float = 0.1
) -> Any:
    """What is seen once it holds. Looking costs what it looks at, so it looks seldom."""
    for _ in range(int(180 / pause)):
        seen = await look()
        if holds(seen):
            return seen
        await asyncio.sleep(pause)
    raise AssertionError(f"{what} did not come to be; last seen {str(seen)[:400]}")


def marked(body: Json, marker: str) -> Json:
    """A body with the word in every text that it has room for."""
    if isinstance(body, dict):
        return {
            key: f"{value} {marker}"
            if key in _TEXTS and isinstance(value, str) and marker not in value
            else marked(value, marker)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [marked(item, marker) for item in body]
    return body


def renewed(body: Json, key: str = "") -> Json:
    """A body with new values where none may come twice."""
    if isinstance(body, dict):
        return {name: renewed(value, name) for name, value in body.items()}
    if isinstance(body, list):
        return [renewed(item) for item in body]
    new = str(new_id())[-8:]
    if isinstance(body, str) and key == "email":
        return f"{new}-{body}"
    return f"{body}-{new}" if isinstance(body, str) and key in _UNIQUE else body


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def ids_in(text: str) -> Iterator[str]:
    """Every id in a text."""
    return (found.group() for found in _ID.finditer(text))
