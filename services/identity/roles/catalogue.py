"""The roles that exist from the start, in one place to read. Seeding brings the database in line with it.

A tenant role never holds `identity.tenants.*`, `identity.registrations.*` or `gateway.*`: these reach beyond one
business.
"""

from dataclasses import dataclass
from enum import StrEnum

from libs.contracts.access import GUEST_PERMISSIONS


class RoleScope(StrEnum):
    """Where a role may be given."""

    PLATFORM = "platform"
    TENANT = "tenant"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class SystemRole:
    """One role of the platform."""

    code: str
    name: str
    description: str
    scope: RoleScope
    permissions: tuple[str, ...]


SUPERADMIN, STAFF_ADMIN, STAFF = "superadmin", "staff-admin", "staff"
OWNER, CLIENT, GUEST = "owner", "client", "guest"
# Who holds one of these is of the operator's staff.
OPERATOR_ROLES = frozenset({SUPERADMIN, STAFF_ADMIN, STAFF})
# Their holders reach every business, with the permissions of these roles; other staff need a grant of the business.
REACHING_ROLES = frozenset({SUPERADMIN, STAFF_ADMIN})

_BUSINESS = ("crm.*", "catalog.*", "orders.*", "payments.*", "notifications.*", "analytics.*")
_PEOPLE = (
    "identity.users.*",
    "identity.members.*",
    "identity.roles.*",
    "identity.departments.*",
    "identity.domains.*",
    "identity.oidc_providers.*",
    "identity.company.*",
    "identity.invitations.*",
    "identity.subscription.*",
    "identity.api_keys.*",
    "identity.staff_grants.*",
    "identity.audit_log.read",
    "identity.privacy.*",
)
# What a guest of a shop may do; a client may do it too.
_SHOPPING = GUEST_PERMISSIONS
# The assistant shows what one may see anyway.
_ASSISTANT = "analytics.conversations.*"
_OWN_ACCOUNT = ("notifications.inbox.*", "notifications.devices.*", "notifications.settings.*")

SYSTEM_ROLES: tuple[SystemRole, ...] = (
    SystemRole(SUPERADMIN, "Superadministrator", "May do everything, everywhere", RoleScope.PLATFORM, ("*",)),
    SystemRole(
        STAFF_ADMIN,
        "Staff administrator",
        "Runs the platform and its staff",
        RoleScope.PLATFORM,
        (*_BUSINESS, "identity.*", "gateway.*"),
    ),
    SystemRole(
        STAFF,
        "Staff",
        "Works registrations, and helps businesses that let them in",
        RoleScope.PLATFORM,
        (
            *_BUSINESS,
            "identity.tenants.*",
            "identity.registrations.*",
            "identity.registration_rules.read",
            "identity.users.read",
            "identity.members.read",
            "identity.audit_log.read",
        ),
    ),
    SystemRole(
        OWNER,
        "Owner",
        "Owns the business",
        RoleScope.TENANT,
        (*_BUSINESS, *_PEOPLE, "identity.applications.*", "identity.owners.write"),
    ),
    SystemRole(
        "admin",
        "Administrator",
        "May do everything in the business but make and remove owners",
        RoleScope.TENANT,
        (*_BUSINESS, *_PEOPLE, "identity.applications.*"),
    ),
    SystemRole(
        "manager",
        "Manager",
        "Runs sales, stock and orders",
        RoleScope.TENANT,
        (
            "crm.*",
            "catalog.*",
            "orders.*",
            "payments.payments.*",
            "payments.refunds.*",
            "payments.invoices.*",
            "payments.subscriptions.*",
            "payments.checkouts.*",
            "notifications.*",
            "analytics.*",
            "identity.users.read",
            "identity.members.read",
            "identity.departments.read",
        ),
    ),
    SystemRole(
        "editor",
        "Editor",
        "Writes the catalogue, the pages and the campaigns",
        RoleScope.TENANT,
        (
            "catalog.products.*",
            "catalog.categories.*",
            "notifications.templates.*",
            _ASSISTANT,
            *_OWN_ACCOUNT,
        ),
    ),
    SystemRole(
        "support",
        "Support",
        "Answers customers and looks orders up",
        RoleScope.TENANT,
        (
            "crm.companies.read",
            "crm.contacts.*",
            "crm.requests.*",
            "crm.tasks.*",
            "crm.chat.*",
            "catalog.products.read",
            "catalog.categories.read",
            "catalog.stock.read",
            "orders.orders.read",
            "payments.payments.read",
            "payments.invoices.read",
            "payments.subscriptions.read",
            "identity.members.read",
            _ASSISTANT,
            *_OWN_ACCOUNT,
        ),
    ),
    SystemRole(
        "provider",
        "Provider",
        "Does paid work for the business",
        RoleScope.TENANT,
        (
            "catalog.products.read",
            "catalog.categories.read",
            "orders.orders.read",
            "crm.tasks.read",
            "crm.chat.*",
            _ASSISTANT,
            *_OWN_ACCOUNT,
        ),
    ),
    SystemRole(
        CLIENT,
        "Client",
        "Buys in the shop",
        RoleScope.TENANT,
        (
            *_SHOPPING,
            "orders.orders.read",
            "payments.payments.read",
            "payments.invoices.read",
            "payments.subscriptions.read",
            "payments.subscriptions.cancel",
            *_OWN_ACCOUNT,
        ),
    ),
    SystemRole(GUEST, "Guest", "Anyone who looks at the shop", RoleScope.GUEST, _SHOPPING),
)
