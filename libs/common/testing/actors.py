"""Actors for tests."""

from uuid import UUID

from libs.common.actor import Actor, ActorKind
from libs.common.ids import new_id


def user(tenant_id: UUID | None, *permissions: str, **changes: object) -> Actor:
    """A signed-in user of an active tenant with these permissions (all of them unless some are named)."""
    fields: dict[str, object] = {
        "kind": ActorKind.USER,
        "user_id": new_id(),
        "session_id": new_id(),
        "email": "user@example.com",
        "name": "Test User",
        "tenant_id": tenant_id,
        "tenant_status": "active",
        "home_tenant_id": tenant_id,
        "roles": ("owner",),
        "permissions": frozenset(permissions or {"*"}),
        "features": frozenset({"*"}),
    }
    return Actor(**{**fields, **changes})  # type: ignore[arg-type]


def guest(tenant_id: UUID | None = None, *permissions: str) -> Actor:
    """Nobody signed in, looking at the shop of an active tenant."""
    return Actor(
        kind=ActorKind.GUEST,
        tenant_id=tenant_id,
        tenant_status="active" if tenant_id else None,
        permissions=frozenset(permissions),
    )
