"""The story from an application to a business that may trade."""

from typing import Any

from deploy.demo.teller import StepFailed, Teller

ADMIN = {"email": "admin@example.com", "password": "admin123"}


class Registration(Teller):
    """Steps 1 to 3."""

    async def a_business_registers(self) -> None:
        """Step 1."""
        body: dict[str, Any] = {
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
