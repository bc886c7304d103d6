"""Showing once more who one is, within a session."""

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.errors import Unauthenticated
from libs.contracts.audit import change_recorded
from libs.contracts.identity import AccessChanged
from services.identity.attempts.guard import AttemptGuard
from services.identity.auth.caller import Caller
from services.identity.auth.errors import WrongPassword
from services.identity.auth.own import own_user_id
from services.identity.auth.schemas import Reauthenticated, ReauthenticateIn
from services.identity.mfa.errors import CodeDue, WrongOtp
from services.identity.mfa.step import Step, second_step
from services.identity.passwords.hashing import Passwords
from services.identity.sessions.repository import SessionRepository
from services.identity.users.repository import UserRepository


async def reauthenticate(caller: Caller, actor: Actor, body: ReauthenticateIn) -> Reauthenticated:
    """Note in the caller's session that the person has just shown the password, a code, or both.

    Raises:
        WrongPassword, WrongOtp: it is wrong; it counts as a failed sign-in.
        CodeDue: a second factor is set up, and the password came alone.
        TooManyAttempts: not now.
    """
    user_id, context = own_user_id(actor), caller.context
    if actor.session_id is None:
        raise Unauthenticated("The session has ended; sign in again.")
    async with AttemptGuard(context).attempt(actor.email or "", caller.address) as attempt:
        if body.password is not None:
            async with context.unit_of_work(platform=True) as uow:
                user = await UserRepository(uow).get(user_id)
            stored = user.password_hash if user is not None else None
            if not await Passwords.of(context).verify(stored, body.password.get_secret_value()):
                attempt.succeeded = False
                raise WrongPassword("The password is wrong.")
        step = await second_step(context, user_id, body.otp)
        if body.otp is not None and step is not Step.PASSED:
            attempt.succeeded = False
            raise WrongOtp
        step.settle(attempt)
        if step is Step.DUE:
            raise CodeDue
    tenant_id = actor.home_tenant_id or OPERATOR_TENANT_ID
    shown = [name for name, given in (("pwd", body.password), ("otp", body.otp)) if given is not None]
    async with caller.unit_of_work() as uow:
        session = await SessionRepository(uow).get(actor.session_id, lock=True)
        if session is None or session.revoked_at is not None:
            raise Unauthenticated("The session has ended; sign in again.")
        session.authenticated_at = uow.now
        if session.show(*shown):
            # What a business asks of a sign-in may be fulfilled now.
            uow.emit(AccessChanged.of(user_id=user_id), tenant_id=tenant_id)
        event = change_recorded(
            "identity", "reauthenticated", "session", session.id, None, {"methods": shown}
        )
        uow.emit(event, tenant_id=tenant_id)
        await uow.flush()
        return Reauthenticated(
            authenticated_at=session.authenticated_at,
            valid_seconds=context.settings.reauthentication_seconds,
        )
