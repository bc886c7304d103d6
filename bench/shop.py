"""Shops to measure in: a business that trades, with products in stock, shipping rates and a payment account."""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx

ADMIN = {"email": "admin@example.com", "password": "admin123"}


@dataclass(frozen=True, slots=True)
class Shop:
    """What a load generator has to know of a shop."""

    tenant_id: str
    owner_token: str
    owner_email: str
    owner_password: str
    store_id: str
    variants: list[str]
    method_id: str

    def to_json(self) -> dict[str, Any]:
        """For the load generator's process."""
        return asdict(self)


class Builder:
    """Opens shops over HTTP, as their owners and the staff would."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
        self._staff = self.sign_in(**ADMIN)

    def sign_in(self, email: str, password: str) -> str:
        """An access token."""
        return str(self.call("POST", "/auth/login", json={"email": email, "password": password})["access"])

    def call(self, method: str, path: str, *, token: str = "", tenant: str = "", **options: Any) -> Any:
        """The JSON of an answer.

        Raises:
            httpx.HTTPStatusError: a refusal.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Company-Id": tenant} if tenant else {}
        answer = self._http.request(method, path, headers=headers, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _until(self, look: Callable[[], Any], seconds: float = 30) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if seen := look():
                    return seen
            except httpx.HTTPStatusError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError("a shop does not come to be")
            time.sleep(0.05)

    def open(self, stock: int = 1_000_000) -> Shop:
        """A shop with two products."""
        run = secrets.token_hex(4)
        email, password = f"owner-{run}@example.com", f"Sunrise-{run}-9"
        made = self.call(
            "POST",
            "/auth/register",
            json={
                "email": email,
                "password": password,
                "first_name": "Naledi",
                "last_name": "Mokoena",
                "phone": "+27215550100",
                "business": {"name": f"Karoo Coffee {run}", "country": "ZA", "industry": "Food"},
                "product": "micro-sites",
            },
        )
        tenant, wanted = made["company"]["id"], {"registration_id": made["registration"]["id"]}
        token = self.sign_in(email, password)
        deals = self._until(lambda: self.call("GET", "/deals", token=self._staff, params=wanted)["items"])
        self.call("POST", f"/deals/{deals[0]['id']}/win", token=self._staff, json={})
        who = {"token": token, "tenant": tenant}
        category = self._until(lambda: self.call("POST", "/categories", **who, json={"name": "Coffee"}))
        store = self._until(lambda: self.call("GET", "/inventory/stores", **who)["items"])[0]["id"]
        variants = [self._product(who, category["id"], store, number, stock) for number in (1, 2)]
        self.call(
            "POST",
            "/payment-accounts",
            **who,
            json={"provider": "sandbox", "name": "Sandbox", "currency": "ZAR"},
        )
        rates = [{"name": "Standard", "amount": {"amount": 6000, "currency": "ZAR"}}]
        self.call(
            "POST", "/shipping/accounts", **who, json={"provider": "table", "name": "Our van", "rates": rates}
        )
        method = self._method(tenant, variants[0])
        return Shop(tenant, token, email, password, store, variants, method)

    def _product(self, who: dict[str, str], category: str, store: str, number: int, stock: int) -> str:
        product = self.call(
            "POST",
            "/products",
            **who,
            json={
                "name": f"House blend {number}",
                "description": "Dark, with a note of rooibos.",
                "type": "goods",
                "category_id": category,
                "status": "active",
                "variants": [
                    {
                        "sku": f"HB-{number}",
                        "price": {"amount": 19900, "currency": "ZAR"},
                        "options": {"size": "250 g"},
                        "weight_g": 250,
                    }
                ],
            },
        )
        variant = str(product["variants"][0]["id"])
        self.call(
            "POST",
            "/inventory/adjustments",
            **who,
            json={"store_id": store, "variant_id": variant, "quantity_delta": stock, "reason": "opening"},
        )
        return variant

    def _method(self, tenant: str, variant: str) -> str:
        cart = self.call("POST", "/carts", tenant=tenant, json={"currency": "ZAR"})
        headers = {"X-Company-Id": tenant, "X-Cart-Token": cart["token"]}
        path = f"/carts/{cart['id']}"
        self._http.post(f"{path}/items", headers=headers, json={"variant_id": variant}).raise_for_status()
        address = {"line1": "1 Main Road", "city": "Durban", "postal_code": "4001", "country": "ZA"}
        self._http.put(f"{path}/address", headers=headers, json=address).raise_for_status()
        found = self._http.get("/shipping/methods", headers=headers, params={"cart_id": cart["id"]})
        self._http.delete(path, headers=headers).raise_for_status()
        return str(found.raise_for_status().json()["items"][0]["id"])
