"""Whose carts and orders a caller sees: shop staff all, a client his own, a guest those his cart token opens."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_

from libs.common.actor import Actor, ActorKind

_CUSTOMER_ROLES = frozenset({"client", "guest"})


def new_token() -> str:
    """A cart token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a cart token: the hex of its SHA-256, enough for a secret of full entropy."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """An actor together with the hash of the cart token it sent."""

    actor: Actor
    token_hash: str | None = None

    @property
    def sees_own_only(self) -> bool:
        """Whether ownership limits the caller: guests, and users with no role in the shop but a customer's."""
        if self.actor.is_superuser or self.actor.kind in (ActorKind.SYSTEM, ActorKind.API_KEY):
            return False
        return self.actor.is_anonymous or _CUSTOMER_ROLES.issuperset(self.actor.roles)

    @property
    def customer_id(self) -> UUID | None:
        """The user a new cart belongs to."""
        return self.actor.user_id if self.actor.kind is ActorKind.USER else None

    def condition(self, customer: Any, token: Any) -> ColumnElement[bool] | None:
        """The SQL condition on the owner and token columns, None where everything is visible."""
        if not self.sees_own_only:
            return None
        own = []
        if self.actor.user_id is not None:
            own.append(customer == self.actor.user_id)
        if self.token_hash is not None:
            own.append(token == self.token_hash)
        return or_(*own) if own else false()
