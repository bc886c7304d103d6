"""Who sees only his own: a caller who is nothing but a customer."""

from libs.common.actor import Actor, ActorKind

_CUSTOMER = frozenset({"client", "guest"})


def is_customer(actor: Actor) -> bool:
    """Whether the caller acts for himself alone: a guest, or a member with no role beyond client."""
    if actor.kind is ActorKind.GUEST:
        return True
    return actor.kind is ActorKind.USER and not actor.is_superuser and set(actor.roles) <= _CUSTOMER
