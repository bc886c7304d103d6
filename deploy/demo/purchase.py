"""The story of a client who buys and pays."""

from deploy.demo.teller import StepFailed, Teller, money


class Purchase(Teller):
    """Steps 5 and 6."""

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
        self.say(f"a client fills a cart: total {money(cart['totals']['total'])}")
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
