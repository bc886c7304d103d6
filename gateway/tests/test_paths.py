"""Which paths lead where, and which lead nowhere."""

import pytest

from gateway.errors import BadPath
from gateway.paths import parse
from gateway.routes import ROUTES, find, public_path
from gateway.tests.conftest import World

# Every path of the public surface that a service answers.
PLACES = {
    "identity": """/auth/register /registrations /registrations/status/1/stream /registration-requirements
        /registration-rules /auth/signup /auth/login /auth/refresh /auth/logout /auth/me
        /auth/password/change /auth/email/verify /auth/token /auth/token/revoke /auth/sessions
        /auth/session-management/status /auth/mfa/totp /auth/passkeys /auth/oidc/google/start /users
        /tenants /tenants/current /roles /permissions /api-keys /plans /features /subscription/change /usage
        /audit-log/verify /privacy/exports""",
    "crm": """/companies /contacts /leads /requests /leads/1/convert /pipelines /stages /deals /deals/1/win /quotes
        /tasks /deals/1/tasks /projects /memos /chat/for_object /files /tickets /sla-policies /venues /customers
        /customers/inactive /visits /segments /automation/rules /views /custom-fields /pages /posts
        /public/pages/home""",
    "catalog": """/products /products/1/variants /categories /price-lists /variants/1/prices /pricing/quote /suppliers
        /purchase-orders /inventory/stock /inventory/alerts /assigned-products /imports /imports/1/undo /exports
        /integrations/1/test /sync-jobs /sync-issues /hooks/1""",
    "orders": """/carts /carts/1/checkout /orders /orders/1/files /shipping/methods /shipping/hooks/1 /discounts
        /promotions/explain /special-orders /order-options /reviews /tax-rates /document-numbers""",
    "payments": """/payment-accounts /payments/checkouts /payments /refunds /payments/webhooks/sandbox/1 /invoices
        /credit-notes /wallets /gift-cards /ledger/proof /loyalty/balance /referrals /fines /payouts
        /instalment-plans /subscriptions /sandbox/1""",
    "notifications": """/fcm/register /notifications /notifications/stream /templates /campaigns /outreach-events
        /mass-mail /messages /deliveries /webhooks /unsubscribe/abc /preferences/abc /mailbox""",
    "analytics": "/analytics/dashboard /insight-analytics/anomalies /ai/conversations /reports",
}

ALIASES = {
    "/auth/users": ("identity", "/users"),
    "/admin/users": ("identity", "/users"),
    "/admin/users/7": ("identity", "/users/7"),
    "/activity": ("identity", "/audit-log"),
    "/auth/refresh-token": ("identity", "/auth/refresh"),
    "/order-payments": ("payments", "/payments"),
    "/order-payments/9": ("payments", "/payments/9"),
    "/order-payments/invoices": ("payments", "/invoices"),
    "/order-payments/invoices/9/pdf": ("payments", "/invoices/9/pdf"),
    "/restaurants/3": ("crm", "/venues/3"),
    "/products/folders": ("catalog", "/categories"),
    "/admin/integrations/test": ("catalog", "/integrations/test"),
    "/admin/sync/start": ("catalog", "/integrations/sync"),
    "/crm/imports/4": ("crm", "/imports/4"),
}

BAD = [
    b"/api/v1/deals/../internal/authenticate",
    b"/api/v1/deals/./x",
    b"/api/v1/deals/%2e%2e/internal",
    b"/api/v1/deals/.%2E/internal",
    b"/api/v1/deals/..%2finternal",
    b"/api/v1/deals%2f..%2finternal",
    b"/api/v1/deals/%252e%252e/internal",
    b"/api/v1/deals/%252finternal",
    b"/api/v1//internal/authenticate",
    b"//api/v1/deals",
    b"/api/v1/deals//",
    b"/api/v1/deals\\..\\internal",
    b"/api/v1/deals/%5cinternal",
    b"/api/v1/deals/%00",
    b"/api/v1/deals/\x00",
    b"/api/v1/deals/%0d%0aX:1",
    b"/api/v1/deals/%7f",
    b"/api/v1/deals/..;/internal",
    b"/api/v1/deals/%zz",
    b"/api/v1/deals/%2",
    b"/api/v1/deals/%ff%fe",
    b"/api/v1/deals/\xff",
    b"/api/v1/deals x",
    b"http://elsewhere/api/v1/deals",
    b"api/v1/deals",
    b"*",
    b"",
]

NOWHERE = [
    "/internal/authenticate",
    "/api/internal/authenticate",
    "/api/v1/internal/authenticate",
    "/api/v1/%69nternal/authenticate",
    "/api/v1/metrics",
    "/api/metrics",
    "/api/v1/healthz",
    "/api/v1/readyz",
    "/api/v1/openapi",
    "/api/v2/deals",
    "/api/v1/v1/deals",
    "/api/api/v1/deals",
    "/api/v1/crm/deals",
    "/api/v1/order-payments-x",
    "/deals",
    "/auth/login",
    "/v1/deals",
    "/API/v1/deals",
    "/api/v1/Deals",
]


class TestTable:
    @pytest.mark.parametrize(
        ("service", "path"), [(s, p) for s, paths in PLACES.items() for p in paths.split()]
    )
    def test_each_path_has_its_service(self, service: str, path: str) -> None:
        target = find(parse(f"/api/v1{path}".encode()))
        assert target is not None
        assert (target.route.service, target.path) == (service, path)

    @pytest.mark.parametrize("path", ALIASES)
    def test_each_alias_is_rewritten(self, path: str) -> None:
        target = find(parse(f"/api/v1{path}".encode()))
        assert target is not None
        assert (target.route.service, target.path) == ALIASES[path]

    @pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/sandbox/pay/1", "/mailbox"])
    def test_some_are_reached_at_the_root(self, path: str) -> None:
        target = find(parse(path.encode()))
        assert target is not None
        assert target.path == path

    def test_no_route_leads_inside(self) -> None:
        assert not [r for r in ROUTES if "internal" in (r.prefix + (r.to or "")).split("/")]

    def test_no_prefix_is_written_twice(self) -> None:
        assert len({route.prefix for route in ROUTES}) == len(ROUTES)

    def test_a_services_path_has_one_public_one(self) -> None:
        assert public_path("crm", "/deals/{id}") == "/api/v1/deals/{id}"
        assert public_path("identity", "/.well-known/jwks.json") == "/.well-known/jwks.json"
        assert public_path("catalog", "/imports") == "/api/v1/imports"
        assert public_path("crm", "/imports/{id}") == "/api/v1/crm/imports/{id}"
        assert public_path("crm", "/internal/bus") is None
        assert public_path("crm", "/orders") is None


class TestPaths:
    @pytest.mark.parametrize("raw", BAD)
    async def test_a_path_with_two_readings_is_refused(self, world: World, raw: bytes) -> None:
        if raw:
            status, body = await world.raw(raw)
            assert status == 400
            assert b'"bad-path"' in body
        else:
            with pytest.raises(BadPath):
                parse(raw)
        assert not world.identity.calls

    @pytest.mark.parametrize("path", NOWHERE)
    async def test_a_path_of_nobody_is_404(self, world: World, path: str) -> None:
        response = await world.get(path)
        assert response.status_code == 404
        assert response.json()["type"] == "urn:pillars:problem:gateway:not-found"
        assert not world.identity.calls["authenticate"]
        assert not sum(service.calls["internal"] for service in world.services.values())

    @pytest.mark.parametrize("path", ["/api/v1/deals", "/api/v1/deals/", "/api/deals", "/api/deals/"])
    async def test_the_short_prefix_and_a_trailing_slash_mean_the_same(self, both: World, path: str) -> None:
        response = await both.get(path)
        assert response.status_code == 200
        assert response.json()["path"] == "/deals"

    async def test_harmless_escapes_pass(self, both: World) -> None:
        seen = (await both.get("/api/v1/public/pages/caf%C3%A9%20noir")).json()
        assert seen["path"] == "/public/pages/café noir"

    async def test_a_method_nobody_serves_is_405(self, world: World) -> None:
        response = await world.client.request("PURGE", "/api/v1/deals")
        assert response.status_code == 405
        assert "GET" in response.headers["allow"]

    async def test_options_names_the_methods_that_the_service_takes(self, both: World) -> None:
        response = await both.client.options("/api/v1/deals", headers={"Authorization": "Bearer none"})
        assert (response.status_code, response.headers["allow"]) == (204, "GET, PATCH")
        assert not both.identity.calls["authenticate"]
        own = await both.client.options("/api/v1/admin/health")
        assert (own.status_code, own.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        own = await both.client.post("/api/v1/admin/health")
        assert (own.status_code, own.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert (await both.client.options("/api/v1/nothing")).status_code == 404
