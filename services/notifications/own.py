"""What belongs to the person who calls."""

from uuid import UUID

from libs.common.actor import Actor
from libs.common.errors import PermissionDenied


def own_user_id(actor: Actor, things: str, permission: str) -> UUID:
    """Who calls; `things` are what only a person has.

    Raises:
        PermissionDenied: the caller is no person.
    """
    if actor.user_id is None:
        raise PermissionDenied(f"Only a person has {things}.", required_permission=permission)
    return actor.user_id
