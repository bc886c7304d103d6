"""Who sees only his own: a caller who is nothing but a customer."""

from typing import Any

from sqlalchemy import ColumnElement, false

from libs.common.actor import Actor, ActorKind

_CUSTOMER = frozenset({"client", "guest"})


def is_customer(actor: Actor) -> bool:
    """Whether the caller acts for himself alone: a guest, or a member with no role beyond client."""
    if actor.kind is ActorKind.GUEST:
        return True
    return actor.kind is ActorKind.USER and not actor.is_superuser and set(actor.roles) <= _CUSTOMER


def is_own(customer: Any, actor: Actor) -> ColumnElement[bool]:
    """The condition that a row is the actor's own; nobody's rows are not those of who has no account."""
    condition: ColumnElement[bool] = false() if actor.user_id is None else customer == actor.user_id
    return condition
