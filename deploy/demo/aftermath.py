"""The story after the payment: the parcel, a refund, and what everyone sees of it."""

from typing import Any

from deploy.demo.teller import Teller, money


class Aftermath(Teller):
    """Steps 7 to 9."""

    async def it_is_sent(self) -> None:
        """Step 7."""
        shipment = await self.call(
            "POST",
            f"/orders/{self.order['id']}/shipments",
            status=201,
            who=self.owner,
            headers={"Idempotency-Key": f"shipment-{self.run}"},
            json={},
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
            f"a refund of {money(refund['amount'])}, credit note {notes['items'][0]['number']}, ledger {_proof(proof)}"
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
            f"everyone sees it: {len(timeline['items'])} steps on the timeline, revenue {money(dashboard['revenue'])}, "
            f"{len(audit['items'])} audit lines"
        )


def _proof(proof: Any) -> str:
    return "sums to zero" if "breaches" not in proof or not proof["breaches"] else "DOES NOT BALANCE"
