"""The main story, played over HTTP through the gateway by `pillars up --story` and by the end-to-end tests.

Each step prints its result and time. It makes new accounts at every run, so it can be played again and again.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from rich.console import Console

ADMIN = {"email": "admin@example.com", "password": "admin123"}
PATIENCE = 20.0  # seconds that an event may take to have its effect


class StepFailed(Exception):
    """A step of the story did not give what it should."""


async def play(url: str, console: Console) -> bool:
    """Play the story against a gateway; true when every step held."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        teller = Story(http, console)
        console.print("[bold]The main story[/]")
        try:
            await teller.tell()
        except (StepFailed, httpx.HTTPError, KeyError, IndexError) as error:
            console.print(f"  [red]✗ {type(error).__name__}: {error}[/]\n", soft_wrap=True)
            return False
        console.print(f"  told in {time.monotonic() - teller.started:.1f} s\n")
        return True


class Story:
    """The steps of the story, in order, each a method; what one learns the next ones use."""

    def __init__(self, http: httpx.AsyncClient, console: Console) -> None:
        self.http = http
        self.console = console
        self.started = self.clock = time.monotonic()
        self.run = secrets.token_hex(4)
        self.staff: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        self.client: dict[str, str] = {}
        self.company = self.registration = self.deal = self.store = self.variant = ""
        self.order: dict[str, Any] = {}
        self.payment = ""

    async def tell(self) -> None:
        """All steps."""
        for step in (
            self.a_business_registers,
            self.staff_see_it,
            self.the_deal_is_won,
            self.the_owner_sets_up_shop,
            self.a_client_buys,
            self.and_pays,
            self.it_is_sent,
            self.a_refund,
            self.everyone_sees_it,
        ):
            await step()

    def say(self, text: str) -> None:
        """Print a result with the time it took."""
        now = time.monotonic()
        self.console.print(
            f"  [green]✓[/] {text:<92} [dim]{(now - self.clock) * 1000:6.0f} ms[/]", soft_wrap=True
        )
        self.clock = now

    async def call(
        self,
        method: str,
        path: str,
        *,
        status: int | tuple[int, ...] = 200,
        who: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """Call the API and return the JSON, or fail with the problem that came."""
        headers = {**(who or {}), **options.pop("headers", {})}
        response = await self.http.request(method, f"/api/v1{path}", headers=headers, **options)
        wanted = status if isinstance(status, tuple) else (status,)
        if response.status_code not in wanted:
            raise StepFailed(f"{method} {path}: {response.status_code} {response.text[:400]}")
        kind = response.headers.get("content-type", "")
        return response.json() if "json" in kind and response.content else response

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        """Look again until it holds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = await look()
            if holds(seen):
                return seen
            if time.monotonic() > deadline:
                raise StepFailed(f"{what} did not come to be; last seen {str(seen)[:400]}")
            await asyncio.sleep(0.05)

    async def sign_in(self, email: str, password: str) -> dict[str, str]:
        """The headers of a signed-in user."""
        tokens = await self.call("POST", "/auth/login", json={"email": email, "password": password})
        return {"Authorization": f"Bearer {tokens['access']}"}

    async def a_business_registers(self) -> None:
        """Step 1."""
        body = {
            "email": f"owner-{self.run}@example.com",
            "password": f"Sunrise-{self.run}-9",
            "first_name": "Naledi",
            "last_name": "Mokoena",
            "phone": "+27215550100",
            "business": {"name": f"Karoo Coffee {self.run}", "country": "ZA", "industry": "Food"},
            "product": "micro-sites",
        }
        made = await self.call("POST", "/auth/register", status=201, json=body)
        self.company, self.registration = made["company"]["id"], made["registration"]["id"]
        if made["company"]["status"] != "pending":
            raise StepFailed("a new company must be pending")
        self.say(f"a business registers: {made['company']['name']} is {made['company']['status']}")
        again = await self.call("POST", "/auth/register", status=409, json=body)
        self.say(f"the same e-mail again is refused: {again['type']}")
        self.owner = await self.sign_in(body["email"], body["password"])
        refused = await self.call(
            "POST",
            "/categories",
            status=403,
            who=self.owner,
            headers={"X-Company-Id": self.company},
            json={"name": "Too soon"},
        )
        self.say(f"its owner can look but not trade yet: {refused['type']}")

    async def staff_see_it(self) -> None:
        """Step 2."""
        self.staff = await self.sign_in(**ADMIN)
        deals = await self.until(
            "the registration deal",
            lambda: self.call("GET", "/deals", who=self.staff, params={"registration_id": self.registration}),
            lambda page: len(page["items"]) == 1 and page["items"][0]["amount"]["amount"] > 0,
        )
        deal = deals["items"][0]
        self.deal = deal["id"]
        self.say(f"staff see the deal “{deal['name']}” in {deal['stage']}, {deal['lines'][0]['sku']}")
        chat = await self.until(
            "the chat message",
            lambda: self.call(
                "GET", "/chat/for_object", who=self.staff, params={"type": "deal", "id": self.deal}
            ),
            lambda page: len(page["items"]) > 0,
        )
        self.say(f"… and the message: {chat['items'][0]['text'][:60]}")
        notices = await self.until(
            "the notice",
            lambda: self.call("GET", "/notifications", who=self.staff),
            lambda page: any(self.company in str(n) or self.run in str(n) for n in page["items"]),
        )
        self.say(f"… and the notice: {notices['items'][0]['title']}")
        assigned = await self.call(
            "GET", "/assigned-products", who=self.staff, params={"company_id": self.company}
        )
        me = await self.call("GET", "/auth/me", who=self.staff)
        task = await self.call(
            "POST",
            f"/deals/{self.deal}/tasks",
            status=201,
            who=self.staff,
            json={"name": "Call the owner", "assignee_id": me["id"]},
        )
        self.say(f"assigned product {assigned['items'][0]['sku']}; a task from the deal: {task['name']}")

    async def the_deal_is_won(self) -> None:
        """Step 3."""
        won = await self.call("POST", f"/deals/{self.deal}/win", who=self.staff, json={})
        tenant = await self.until(
            "activation",
            lambda: self.call("GET", f"/tenants/{self.company}", who=self.staff),
            lambda found: found["status"] == "active",
        )
        self.say(f"the deal is {won['status']}; {tenant['name']} is {tenant['status']}")

    async def the_owner_sets_up_shop(self) -> None:
        """Step 4."""
        self.owner["X-Company-Id"] = self.company
        category = await self.until(
            "trading",
            lambda: self.call(
                "POST", "/categories", status=(201, 403), who=self.owner, json={"name": "Coffee"}
            ),
            lambda found: "id" in found,
        )
        product = await self.call(
            "POST",
            "/products",
            status=201,
            who=self.owner,
            json={
                "name": "House blend",
                "description": "Dark, with a note of rooibos.",
                "type": "goods",
                "category_id": category["id"],
                "status": "active",
                "variants": [
                    {
                        "sku": "HB-250",
                        "price": {"amount": 19900, "currency": "ZAR"},
                        "options": {"size": "250 g"},
                        "weight_g": 250,
                    }
                ],
            },
        )
        self.variant = product["variants"][0]["id"]
        stores = await self.until(
            "the default warehouse",
            lambda: self.call("GET", "/inventory/stores", who=self.owner),
            lambda page: len(page["items"]) == 1,
        )
        self.store = stores["items"][0]["id"]
        await self.call(
            "POST",
            "/inventory/adjustments",
            status=201,
            who=self.owner,
            json={
                "store_id": self.store,
                "variant_id": self.variant,
                "quantity_delta": 100,
                "reason": "opening",
            },
        )
        stock = await self.call(
            "GET", "/inventory/stock", who=self.owner, params={"variant_id": self.variant}
        )
        self.say(f"the owner sets up shop: {product['name']}, {stock['items'][0]['available']} in stock")
        await self.call(
            "POST",
            "/payment-accounts",
            status=201,
            who=self.owner,
            json={"provider": "sandbox", "name": "Sandbox", "currency": "ZAR"},
        )
        await self.call(
            "POST",
            "/shipping/accounts",
            status=201,
            who=self.owner,
            json={
                "provider": "table",
                "name": "Our van",
                "rates": [{"name": "Standard", "amount": {"amount": 6000, "currency": "ZAR"}}],
            },
        )
        self.say("… with a payment account and shipping rates")

    async def a_client_buys(self) -> None:
        """Step 5."""
        email, password = f"client-{self.run}@example.com", f"Morning-{self.run}-7"
        await self.call(
            "POST",
            "/auth/signup",
            status=201,
            json={
                "company_id": self.company,
                "email": email,
                "password": password,
                "first_name": "Thandi",
                "last_name": "Dube",
            },
        )
        self.client = {**await self.sign_in(email, password), "X-Company-Id": self.company}
        cart = await self.call("POST", "/carts", status=201, who=self.client, json={"currency": "ZAR"})
        path = f"/carts/{cart['id']}"
        line = {"variant_id": self.variant, "quantity": 2}
        await self.call("POST", f"{path}/items", status=(200, 201), who=self.client, json=line)
        address = {
            "name": "Thandi Dube",
            "line1": "12 Long Street",
            "city": "Cape Town",
            "postal_code": "8001",
            "country": "ZA",
        }
        await self.call("PUT", f"{path}/address", who=self.client, json=address)
        methods = await self.call("GET", "/shipping/methods", who=self.client, params={"cart_id": cart["id"]})
        chosen = {"method_id": methods["items"][0]["id"]}
        cart = await self.call("PUT", f"{path}/shipping", who=self.client, json=chosen)
        self.say(f"a client fills a cart: total {_money(cart['totals']['total'])}")
        key = {"Idempotency-Key": f"checkout-{self.run}"}
        body = {"email": email}
        self.order = await self.call(
            "POST", f"{path}/checkout", status=201, who=self.client, headers=key, json=body
        )
        again = await self.call(
            "POST", f"{path}/checkout", status=201, who=self.client, headers=key, json=body
        )
        if again["id"] != self.order["id"]:
            raise StepFailed("a repeated checkout made another order")
        self.say(
            f"… and orders: {self.order['number']} is {self.order['status']} until {self.order['reserved_until'][:19]}"
        )
        await self.too_little_stock()

    async def too_little_stock(self) -> None:
        """The other ending of step 5: a guest asks for more than there is."""
        shop = {"X-Company-Id": self.company}
        cart = await self.call("POST", "/carts", status=201, who=shop, json={"currency": "ZAR"})
        guest = {**shop, "X-Cart-Token": cart["token"]}
        path = f"/carts/{cart['id']}"
        line = {"variant_id": self.variant, "quantity": 1000}
        await self.call("POST", f"{path}/items", status=(200, 201), who=guest, json=line)
        address = {"line1": "1 Main Road", "city": "Durban", "postal_code": "4001", "country": "ZA"}
        await self.call("PUT", f"{path}/address", who=guest, json=address)
        methods = await self.call("GET", "/shipping/methods", who=guest, params={"cart_id": cart["id"]})
        await self.call("PUT", f"{path}/shipping", who=guest, json={"method_id": methods["items"][0]["id"]})
        refused = await self.call(
            "POST",
            f"{path}/checkout",
            status=409,
            who=guest,
            headers={"Idempotency-Key": f"greedy-{self.run}"},
            json={"email": "guest@example.com"},
        )
        short = refused["lines"][0]
        self.say(
            f"a guest asks for too much: {refused['type']}, {short['requested']} of {short['available']}"
        )

    async def and_pays(self) -> None:
        """Step 6."""
        checkout = await self.call(
            "POST", "/payments/checkouts", status=201, who=self.client, json={"order_id": self.order["id"]}
        )
        self.payment = checkout["payment_id"]
        page = await self.http.get(checkout["redirect_url"])
        if page.status_code != 200 or "Pay" not in page.text:
            raise StepFailed(f"the payment page answered {page.status_code}")
        paid = await self.http.post(
            checkout["redirect_url"], data={"outcome": "success"}, follow_redirects=False
        )
        if paid.status_code >= 400:
            raise StepFailed(f"the payment page refused: {paid.status_code} {paid.text[:300]}")
        order = await self.until(
            "payment",
            lambda: self.call("GET", f"/orders/{self.order['id']}", who=self.client),
            lambda found: found["status"] != "placed",
        )
        self.say(f"the client pays on the payment page: order is {order['status']}")
        invoices = await self.until(
            "the invoice",
            lambda: self.call("GET", "/invoices", who=self.owner, params={"order_id": self.order["id"]}),
            lambda page: len(page["items"]) == 1,
        )
        invoice = invoices["items"][0]
        pdf = await self.call("GET", f"/invoices/{invoice['id']}/pdf", who=self.owner)
        if not pdf.content.startswith(b"%PDF"):
            raise StepFailed("the invoice is not a PDF")
        self.say(f"… invoice {invoice['number']} as PDF, {len(pdf.content) // 1024} kB")
        await self.until(
            "the allocation",
            lambda: self.call("GET", "/inventory/stock", who=self.owner, params={"variant_id": self.variant}),
            lambda page: page["items"][0]["allocated"] == 2,
        )
        mail = await self.until(
            "mail to the client",
            lambda: self.call(
                "GET", "/mailbox", who=self.staff, params={"to": f"client-{self.run}@example.com"}
            ),
            lambda page: len(page["items"]) > 0,
        )
        self.say(f"… stock allocated; mail to the client: {mail['items'][0]['subject']}")

    async def it_is_sent(self) -> None:
        """Step 7."""
        shipment = await self.call(
            "POST", f"/orders/{self.order['id']}/shipments", status=201, who=self.owner, json={}
        )
        order = await self.until(
            "delivery",
            lambda: self.call("GET", f"/orders/{self.order['id']}", who=self.owner),
            lambda found: found["status"] == "completed",
        )
        self.say(f"it is sent as {shipment['tracking_reference']}; the order is {order['status']}")

    async def a_refund(self) -> None:
        """Step 8."""
        amount = {"amount": 5000, "currency": "ZAR"}
        refund = await self.call(
            "POST",
            f"/payments/{self.payment}/refund",
            status=201,
            who=self.owner,
            headers={"Idempotency-Key": f"refund-{self.run}"},
            json={"amount": amount, "reason": "One bag was torn"},
        )
        notes = await self.until(
            "the credit note",
            lambda: self.call("GET", "/credit-notes", who=self.owner, params={"order_id": self.order["id"]}),
            lambda page: len(page["items"]) == 1,
        )
        proof = await self.call("GET", "/ledger/proof", who=self.owner)
        self.say(
            f"a refund of {_money(refund['amount'])}, credit note {notes['items'][0]['number']}, ledger {_proof(proof)}"
        )

    async def everyone_sees_it(self) -> None:
        """Step 9."""
        timeline = await self.call("GET", f"/orders/{self.order['id']}/timeline", who=self.owner)
        total = self.order["totals"]["total"]["amount"]
        dashboard = await self.until(
            "true figures",
            lambda: self.call("GET", "/analytics/dashboard", who=self.owner),
            lambda found: found["orders"]["count"] == 1 and found["revenue"]["amount"] == total - 5000,
        )
        audit = await self.until(
            "the audit log",
            lambda: self.call("GET", "/audit-log", who=self.owner),
            lambda page: len(page["items"]) > 0,
        )
        self.say(
            f"everyone sees it: {len(timeline['items'])} steps on the timeline, revenue {_money(dashboard['revenue'])}, "
            f"{len(audit['items'])} audit lines"
        )


def _money(value: dict[str, Any]) -> str:
    return f"{value['currency']} {value['amount'] / 100:.2f}"


def _proof(proof: Any) -> str:
    return "sums to zero" if "breaches" not in proof or not proof["breaches"] else "DOES NOT BALANCE"
