"""Which path goes to which service: one table, the longest matching prefix wins."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from gateway.paths import Path


class Trust(Enum):
    """What is made of the credential of a request."""

    # A credential that does not hold is refused with 401.
    CHECKED = auto()
    # A credential that does not hold counts as none: who signs in again may still carry an old one.
    LENIENT = auto()
    # As CHECKED, but no sign of life: whoever only asks how long his session lasts does not keep it from ending.
    PASSIVE = auto()
    # The credential is not ours to judge: providers send their own; the service sees the header as it came.
    FOREIGN = auto()


class Rate(Enum):
    """Which rate limit a path falls under."""

    NORMAL = auto()
    SIGN_IN = auto()
    HOOK = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table.

    Attributes:
        prefix: the public path below `/api/v1`, matched by whole segments.
        service: who serves it.
        to: the service's own path, where it differs from the public one.
        at_root: whether it is reached without `/api` as well.
        hides_tail: whether what follows the prefix is a secret, kept out of logs.
    """

    prefix: str
    service: str
    to: str | None = None
    trust: Trust = Trust.CHECKED
    rate: Rate = Rate.NORMAL
    at_root: bool = False
    hides_tail: bool = False


class Target(NamedTuple):
    """Where a request goes: the route that matched and the service's own path, percent-encoded as it came."""

    route: Route
    path: str

    @property
    def takes_uploads(self) -> bool:
        """Whether large and slow bodies are taken: on paths with a segment that stands for files."""
        return not _UPLOADS.isdisjoint(self.path.split("/"))

    @property
    def keeps_keys(self) -> bool:
        """Whether a POST with an `Idempotency-Key` is done once however often it comes."""
        return _KEYED.fullmatch(self.path) is not None


def _all(service: str, *prefixes: str) -> tuple[Route, ...]:
    return tuple(Route(prefix, service) for prefix in prefixes)


def _sign_in(prefix: str, to: str | None = None) -> Route:
    return Route(prefix, "identity", to=to, trust=Trust.LENIENT, rate=Rate.SIGN_IN)


def _hook(prefix: str, service: str) -> Route:
    return Route(prefix, service, trust=Trust.FOREIGN, rate=Rate.HOOK)


ROUTES: tuple[Route, ...] = (
    # identity
    *_all("identity", "/auth", "/registrations", "/users", "/tenants", "/roles", "/permissions", "/api-keys"),
    *_all("identity", "/oidc-providers", "/signing-keys"),
    *_all("identity", "/registration-requirements", "/registration-rules"),
    # Who holds the link may follow an application, so it is kept out of logs.
    Route("/registrations/status", "identity", trust=Trust.LENIENT, hides_tail=True),
    *_all("identity", "/plans", "/features", "/subscription", "/usage", "/audit-log", "/privacy"),
    Route("/auth/session-management/status", "identity", trust=Trust.PASSIVE),
    _sign_in("/auth/register"),
    _sign_in("/auth/signup"),
    _sign_in("/auth/login"),
    _sign_in("/auth/token"),
    _sign_in("/auth/password/forgot"),
    _sign_in("/auth/password/reset"),
    _sign_in("/auth/email/verify"),
    _sign_in("/auth/oidc"),
    _sign_in("/auth/passkeys/login"),
    _sign_in("/auth/magic-link"),
    _sign_in("/auth/mfa/verify"),
    Route("/auth/refresh", "identity", trust=Trust.LENIENT),
    Route("/auth/refresh-token", "identity", to="/auth/refresh", trust=Trust.LENIENT),
    Route("/auth/logout", "identity", trust=Trust.LENIENT),
    # Who accepts an invitation may have a token of before.
    Route("/invitations", "identity", trust=Trust.LENIENT),
    Route("/auth/users", "identity", to="/users"),
    Route("/admin/users", "identity", to="/users"),
    Route("/activity", "identity", to="/audit-log"),
    Route("/.well-known/jwks.json", "identity", trust=Trust.LENIENT, at_root=True),
    # crm
    *_all(
        "crm", "/companies", "/contacts", "/leads", "/requests", "/pipelines", "/stages", "/deals", "/quotes"
    ),
    *_all("crm", "/tasks", "/projects", "/memos", "/chat", "/tickets", "/sla-policies"),
    *_all("crm", "/venues", "/customers", "/visits", "/segments", "/automation", "/views", "/custom-fields"),
    *_all("crm", "/pages", "/posts", "/public", "/files"),
    Route("/restaurants", "crm", to="/venues"),
    # Two services import; products hold the short name.
    Route("/crm/imports", "crm", to="/imports"),
    # catalog
    *_all("catalog", "/products", "/categories", "/price-lists", "/variants", "/pricing", "/suppliers"),
    *_all("catalog", "/purchase-orders", "/inventory", "/assigned-products", "/imports", "/exports"),
    *_all("catalog", "/integrations", "/sync-jobs", "/sync-issues"),
    Route("/products/folders", "catalog", to="/categories"),
    Route("/admin/integrations", "catalog", to="/integrations"),
    Route("/admin/sync/start", "catalog", to="/integrations/sync"),
    _hook("/hooks", "catalog"),
    # orders
    *_all("orders", "/carts", "/orders", "/shipping", "/discounts", "/promotions", "/special-orders"),
    *_all("orders", "/order-options", "/reviews", "/tax-rates", "/document-numbers"),
    _hook("/shipping/hooks", "orders"),
    # payments
    *_all("payments", "/payment-accounts", "/payments", "/refunds", "/invoices", "/credit-notes", "/wallets"),
    *_all("payments", "/gift-cards", "/ledger", "/loyalty", "/referrals", "/fines", "/payouts"),
    *_all("payments", "/instalment-plans", "/subscriptions"),
    Route("/order-payments", "payments", to="/payments"),
    Route("/order-payments/invoices", "payments", to="/invoices"),
    _hook("/payments/webhooks", "payments"),
    # The payment simulator's page, where a person presses Pay.
    Route("/sandbox", "payments", trust=Trust.LENIENT, at_root=True),
    # notifications
    *_all(
        "notifications",
        "/fcm",
        "/notifications",
        "/templates",
        "/campaigns",
        "/outreach-events",
        "/mass-mail",
    ),
    *_all("notifications", "/messages", "/deliveries", "/webhooks"),
    Route("/fcm/register", "notifications", hides_tail=True),
    Route("/unsubscribe", "notifications", trust=Trust.LENIENT, hides_tail=True),
    Route("/preferences", "notifications", trust=Trust.LENIENT, hides_tail=True),
    # Mail kept because no server is configured, for people who try the demo.
    Route("/mailbox", "notifications", at_root=True),
    # analytics
    *_all("analytics", "/analytics", "/insight-analytics", "/ai", "/reports"),
)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _table() -> dict[str, list[tuple[tuple[str, ...], Route, str]]]:
    """By the first segment: the prefixes, longest first, each with its route and the service's own prefix."""
    table: dict[str, list[tuple[tuple[str, ...], Route, str]]] = {}
    for route in ROUTES:
        prefix = _segments(route.prefix)
        own = "/" + "/".join(_segments(route.to or route.prefix))
        table.setdefault(prefix[0], []).append((prefix, route, own))
    for found in table.values():
        found.sort(key=lambda line: -len(line[0]))
    return table


_TABLE = _table()
# Whose routes take an `Idempotency-Key`; `deploy/e2e/test_routes.py` compares this with the services.
_KEYED = re.compile(
    r"/carts/[^/]+/checkout|/orders(/[^/]+/shipments)?|/inventory/(adjustments|transfers|counts)"
    r"|/invoices/[^/]+/pay|/subscriptions(/[^/]+/change)?|/messages"
)
_UPLOADS = frozenset({"files", "imports", "media", "attachments"})


def find(path: Path) -> Target | None:
    """Where a path goes, or None for a path of nobody."""
    segments = path.segments
    if not segments:
        return None
    for prefix, route, own in _TABLE.get(segments[0], ()):
        depth = len(prefix)
        if depth > 1 and segments[:depth] != prefix:
            continue
        if not path.is_api and not route.at_root:
            return None
        rest = segments[depth:]
        return Target(route, f"{own}/{'/'.join(rest)}" if rest else own)
    return None


def public_path(service: str, path: str) -> str | None:
    """Under which public path a service's own path is reached, or None where it is not; for the API document."""
    segments = _segments(path)
    for is_api in (False, True):
        target = find(Path(path, segments, is_api=is_api))
        if target is not None and target.route.service == service and target.path == path:
            return path if not is_api else f"/api/v1{path}"
    for route in ROUTES:
        to = _segments(route.to) if route.to else ()
        if to and route.service == service and segments[: len(to)] == to:
            return f"/api/v1{route.prefix}" + "".join(f"/{s}" for s in segments[len(to) :])
    return None


def visible(path: Path, target: Target | None) -> str:
    """The path as logs may show it."""
    if target is None or not target.route.hides_tail:
        return path.text
    prefix = target.route.prefix
    head, found, tail = path.text.partition(prefix + "/")
    return f"{head}{prefix}/…" if found and tail else path.text
