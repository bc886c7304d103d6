"""One's own account: what the routes of `/auth` act on."""

from uuid import UUID

from libs.common.actor import Actor
from libs.common.errors import Unauthenticated


def own_user_id(actor: Actor) -> UUID:
    """The id of the person who calls.

    Raises:
        Unauthenticated: the caller is no person.
    """
    if actor.user_id is None:
        raise Unauthenticated("Sign in as a user first.")
    return actor.user_id
