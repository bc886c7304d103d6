"""One's own account: what the routes of `/auth` act on."""

from uuid import UUID

from libs.common.actor import Actor
from libs.common.errors import Unauthenticated
from services.identity.auth.errors import ActingAsAnother


def own_user_id(actor: Actor) -> UUID:
    """The id of the person who calls. A personal token stands for its person in business, not over the account.

    Raises:
        Unauthenticated: the caller is no person who signed in.
        ActingAsAnother: somebody else acts as the person.
    """
    if actor.acting_user_id is not None:
        raise ActingAsAnother
    if actor.user_id is None or actor.key_id is not None:
        raise Unauthenticated("Sign in as a user first.")
    return actor.user_id
