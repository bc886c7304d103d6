"""Two businesses that have everything, each with a word of its own in every text, made as people make them: by the API."""

from deploy.e2e.isolation.goods import Goods
from deploy.e2e.isolation.money import Money
from deploy.e2e.isolation.people import People
from deploy.e2e.isolation.sales import Sales
from libs.common.ids import new_id


class Business(People, Sales, Goods, Money):
    """A business that has at least one row of every kind, two where a list has pages.

    `marker` is in every text of it; `ids` holds what others may try to refer to, by the names of fields.
    """

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
            await self._assistant()
        await self._once()
        self._name_places()

    async def another(self, operation: str) -> list[str] | None:
        """The values of the path of an operation that works on a thing but once: a new thing each time."""
        if operation == "POST /api/v1/leads/{lead_id}/convert":
            return [(await self.make("/leads", {"name": "One more"}))["id"]]
        if operation == "POST /api/v1/deals/{deal_id}/reopen":
            deal = await self.make("/deals", {"name": "Lost", "pipeline_id": self.ids["pipeline_id"]})
            await self.make(f"/deals/{deal['id']}/lose", {"lost_reason": "Price"}, 200)
            return [deal["id"]]
        return None

    async def _assistant(self) -> None:
        said = {"title": "Figures", "system_prompt": "Briefly"}
        conversation = await self.make("/ai/conversations", said)
        await self.make(
            f"/ai/conversations/{conversation['id']}/ask",
            {"prompt": "What is our revenue?"},
            headers={"Idempotency-Key": f"question-{self.unique()}"},
        )
        self.ids["conversation_id"] = conversation["id"]

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
            "/api/v1/subscriptions/{subscription_id}": ids["subscription_id"],
            "/api/v1/subscriptions/plans/{subscription_plan_id}": ids["subscription_plan_id"],
            f"{order}/shipments/{{shipment_id}}": ids["shipment_id"],
            "/api/v1/payments/{payment_id}": ids["payment_id"],
            "/api/v1/insight-analytics/demand-forecast/runs/{run_id}": ids["run_id"],
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
        refreshed = await self.make("/insight-analytics/demand-forecast/refresh", {}, 202)
        self.ids["run_id"] = refreshed["runs"][0]["id"]
        revoked = await self.sign_in(f"owner-{self.run}@example.com", f"Sunrise-{self.run}-9")
        await self.call("GET", "/auth/me", who=revoked)
