"""Who looks at the shop from outside: guests and clients see less than the staff of the business."""

from libs.common.actor import Actor, ActorKind

_SHOPPER_ROLES = frozenset({"guest", "client"})


def is_shopper(actor: Actor) -> bool:
    """Whether the actor only buys here: nobody signed in, or someone with no role beyond client."""
    if actor.kind is ActorKind.GUEST:
        return True
    return actor.kind is ActorKind.USER and not actor.is_superuser and _SHOPPER_ROLES.issuperset(actor.roles)


def sees_the_shop(actor: Actor) -> bool:
    """Whether a shopper may look at all: the business must be active."""
    return actor.tenant_status == "active"
