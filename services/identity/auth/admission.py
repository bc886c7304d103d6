"""From a first factor to a session: what every way of signing in ends with."""

from dataclasses import dataclass

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.audit import change_recorded
from services.identity.attempts.guard import AttemptGuard
from services.identity.auth.caller import Caller
from services.identity.auth.errors import InvalidCredentials
from services.identity.auth.factor import FirstFactor
from services.identity.auth.persona import act_as
from services.identity.auth.schemas import AccountOut, TokensOut
from services.identity.auth.ticket import seal, unseal
from services.identity.mfa.errors import MfaTokenInvalid, OtpInvalid, OtpRequired
from services.identity.mfa.step import Step, second_step
from services.identity.sessions.models import Session
from services.identity.sessions.service import SessionService
from services.identity.sign_in_policies.service import idle_seconds_of
from services.identity.signing_keys.tokens import TokenIssuer
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


@dataclass(frozen=True, slots=True)
class Started:
    """A session that has begun, with its first refresh token."""

    user: User
    session: Session
    refresh: str


class Admission:
    """Lets the caller in who has shown a first factor, once the second one is shown too where it is due."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.context = caller.context

    async def admit(self, first: FirstFactor) -> TokensOut:
        """Start a session.

        Raises:
            OtpRequired: a second factor is due; its `mfa_token` and the code go to `verify`.
            InvalidCredentials: the account is gone, or switched off.
        """
        if not first.is_multi_factor and await second_step(self.context, first.user_id, None) is Step.DUE:
            raise OtpRequired(seal(self.context, first))
        return await self._enter(first)

    async def verify(self, mfa_token: str, otp: str) -> TokensOut:
        """Start the session of a first factor that was shown before, with the second one.

        Raises:
            MfaTokenInvalid: the first factor is not ours, or too old.
            OtpInvalid, InvalidCredentials, TooManyAttempts.
        """
        first = await self.with_code(unseal(self.context, mfa_token), otp)
        if not first.is_multi_factor:
            # The second factor that was due has been removed since, perhaps by who took the account back.
            raise MfaTokenInvalid
        return await self._enter(first)

    async def with_code(self, first: FirstFactor, otp: str | None) -> FirstFactor:
        """A first factor that is no guess, with the second one where that is due; wrong codes are counted.

        Raises:
            OtpRequired, OtpInvalid, InvalidCredentials, TooManyAttempts.
        """
        async with self.context.unit_of_work(platform=True) as uow:
            user = await UserRepository(uow).look(first.user_id)
        if user is None or not user.is_active:
            raise InvalidCredentials
        if otp is None:
            step = await second_step(self.context, user.id, None)
        else:
            async with AttemptGuard(self.context).attempt(user.email, self.caller.address) as attempt:
                step = await second_step(self.context, user.id, otp)
                step.settle(attempt)
        return checked(step, first)

    async def start(self, uow: UnitOfWork, user: User, first: FirstFactor) -> Started:
        """Start a session of a person whose row is locked, as part of what else is done with the factor."""
        UserRepository(uow).sign_in(user)
        session, refresh = SessionService(uow).start(
            user,
            address=self.caller.address,
            user_agent=self.caller.user_agent,
            is_remembered=first.is_remembered,
            amr=first.methods,
            idle_at_most=await idle_seconds_of(uow, user.id),
        )
        act_as(uow, user, session.id)
        after = {"address": self.caller.address, "amr": list(first.methods)}
        uow.emit(
            change_recorded("identity", "signed_in", "session", session.id, None, after),
            tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID,
        )
        return Started(user, session, refresh)

    async def tokens(self, user: User, session: Session, refresh: str) -> TokensOut:
        """What the client is answered, once the session is committed."""
        return TokensOut(
            access=await TokenIssuer.of(self.context).issue(
                user.id, session.id, amr=session.amr, authenticated_at=session.authenticated_at
            ),
            refresh=refresh,
            expires_in=self.context.settings.access_seconds,
            user=AccountOut.model_validate(user),
        )

    async def _enter(self, first: FirstFactor) -> TokensOut:
        async with self.caller.unit_of_work() as uow:
            user = await UserRepository(uow).lock(first.user_id)
            if user is None or not user.is_active:
                raise InvalidCredentials
            started = await self.start(uow, user, first)
        return await self.tokens(started.user, started.session, started.refresh)


def checked(step: Step, first: FirstFactor) -> FirstFactor:
    """What a person has shown, after the second step.

    Raises:
        OtpRequired, OtpInvalid: it is due, or wrong.
    """
    if step is Step.DUE:
        raise OtpRequired
    if step is Step.WRONG:
        raise OtpInvalid
    return first.with_code() if step is Step.PASSED else first
