"""The problems of invitations."""

from libs.common.errors import AppError, Conflict, Unauthenticated


class AlreadyInvited(Conflict):
    """There is a pending invitation of this address; send that one again."""

    slug = "already-invited"
    title = "Invited already"


class InvitationInvalid(AppError):
    """The token is not ours, or its invitation was accepted, revoked, sent again or has expired; ask for a new one."""

    status = 400
    slug = "invitation-invalid"
    title = "The invitation is good no more"

    def __init__(self) -> None:
        super().__init__("The invitation was used, withdrawn or has expired; ask for a new one.")


class InvitationOfAnother(AppError):
    """The invitation went to another address than that of the account signed in."""

    status = 403
    slug = "invitation-of-another"
    title = "Another person's invitation"


class SignInToAccept(Unauthenticated):
    """The invited address has an account: sign in with it, and accept then."""

    slug = "sign-in-to-accept"
    title = "Sign in first"

    def __init__(self) -> None:
        super().__init__("This address has an account; sign in with it first.")
