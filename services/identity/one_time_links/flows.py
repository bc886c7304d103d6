"""What is done with one-time links: flows over accounts, sessions and the guard against guessing."""

from datetime import timedelta
from random import SystemRandom

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import Unauthenticated
from libs.contracts.audit import change_recorded
from services.identity.api_keys.service import PersonalTokenService
from services.identity.attempts.guard import AttemptGuard
from services.identity.auth.admission import Admission
from services.identity.auth.caller import Caller
from services.identity.auth.errors import InvalidCredentials
from services.identity.auth.factor import FirstFactor
from services.identity.auth.own import own_user_id
from services.identity.auth.schemas import TokensOut
from services.identity.auth.takeover import take_over
from services.identity.one_time_links.errors import LinkInvalid
from services.identity.one_time_links.jobs import PURPOSE
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.schemas import MagicLinkRedeem, PasswordReset, Verified
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.sessions.service import SessionService
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

# Nobody is to foresee when a mail leaves.
_RANDOM = SystemRandom()


class LinkFlows:
    """The flows of one caller."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.context = caller.context
        self.guard = AttemptGuard(caller.context)

    async def ask(self, email: str, purpose: LinkPurpose) -> None:
        """Have a link mailed, if there is such an account; the same is done for every address.

        Raises:
            TooManyAttempts: somebody asks for this address too often from here.
        """
        await self.guard.throttle(purpose, email, self.caller.address)
        address = self.context.keyring.encrypt(email, purpose=PURPOSE)
        within = self.context.settings.link_mail_seconds
        later = timedelta(seconds=within * _RANDOM.random())
        async with self.caller.unit_of_work() as uow:
            uow.defer("mail_link", run_at=uow.now + later, address=address, purpose=str(purpose))

    async def ask_again(self, actor: Actor) -> None:
        """Mail the link once more that proves the caller's own address; nothing where it is proven already.

        Raises:
            TooManyAttempts: this was asked too often.
        """
        user_id = own_user_id(actor)
        await self.guard.throttle(LinkPurpose.EMAIL_VERIFICATION, str(user_id), self.caller.address)
        async with self.caller.unit_of_work() as uow:
            user = await UserRepository(uow).get(user_id, lock=True)
            if user is None:
                raise Unauthenticated("The account is gone.")
            if user.email_verified_at is None:
                await OneTimeLinkService(uow).make(user, LinkPurpose.EMAIL_VERIFICATION)

    async def reset_password(self, body: PasswordReset) -> None:
        """Replace a forgotten password, and end all sessions and personal tokens.

        Of an account whose address nobody had proven nothing else stays either (`take_over`).

        Raises:
            LinkInvalid: the token is good no more.
            WeakPassword: the token stays good for a better one.
        """
        new = body.new_password.get_secret_value()
        async with self.guard.redemption(self.caller.address) as redemption:
            async with self.context.unit_of_work(platform=True) as uow:
                link = await OneTimeLinkService(uow).peek(body.token, LinkPurpose.PASSWORD_RESET)
            redemption.succeeded = True
        check_password(new, link.email, self.context.settings, field="new_password")
        new_hash = await Passwords.of(self.context).hash(new)
        async with self.caller.unit_of_work() as uow:
            user = await self._use(uow, body.token, LinkPurpose.PASSWORD_RESET)
            await take_over(uow, user)
            user.password_hash = new_hash
            await UserRepository(uow).save(user)
            # Whoever got at a link of before must not undo this.
            await OneTimeLinkService(uow).rows.void(user.id, uow.now)
            await SessionService(uow).revoke_all(user.id, "password reset")
            await PersonalTokenService(uow).revoke_all(user.id)
            self._record(uow, "password_reset", user)
        # Who has the mail is the person: wrong guesses of others must not keep him out.
        await self.guard.forgive(user.email)

    async def verify_email(self, token: str) -> Verified:
        """Note that the address of an account is its person's.

        Nothing ends by that: who registers and who opens the mail are one person as a rule, and can be on two devices.

        Raises:
            LinkInvalid: the token is good no more.
        """
        async with self.guard.redemption(self.caller.address) as redemption:
            async with self.caller.unit_of_work() as uow:
                user = await self._use(uow, token, LinkPurpose.EMAIL_VERIFICATION)
                if user.email_verified_at is None:
                    user.email_verified_at = uow.now
                self._record(uow, "email_verified", user)
            redemption.succeeded = True
        return Verified(email=user.email)

    async def redeem(self, body: MagicLinkRedeem) -> TokensOut:
        """Sign in by a link. While a second factor is due the link stays good.

        Who has shown no more than the mail takes an account over whose address nobody had proven.

        Raises:
            LinkInvalid: the token is good no more.
            OtpRequired, OtpInvalid, InvalidCredentials, TooManyAttempts.
        """
        async with self.guard.redemption(self.caller.address) as redemption:
            async with self.context.unit_of_work(platform=True) as uow:
                link = await OneTimeLinkService(uow).peek(body.token, LinkPurpose.MAGIC_LINK)
            redemption.succeeded = True
        admission = Admission(self.caller)
        # There is no registered name for a link by mail; it is a one-time secret out of band.
        first = FirstFactor(link.user_id, ("email",), is_remembered=body.remember)
        first = await admission.with_code(first, body.otp or None)
        async with self.caller.unit_of_work() as uow:
            user = await self._use(uow, body.token, LinkPurpose.MAGIC_LINK)
            if first.is_multi_factor:
                # The second factor is the account's own, so who made it and who has the mail are one.
                user.email_verified_at = user.email_verified_at or uow.now
            else:
                await take_over(uow, user)
            started = await admission.start(uow, user, first)
        return await admission.tokens(started.user, started.session, started.refresh)

    async def _use(self, uow: UnitOfWork, token: str, purpose: LinkPurpose) -> User:
        """The person of a link that is used up by this, locked."""
        link = await OneTimeLinkService(uow).use(token, purpose)
        user = await UserRepository(uow).get(link.user_id, lock=True)
        if user is None or user.email != link.email:
            raise LinkInvalid
        if not user.is_active:
            raise InvalidCredentials
        return user

    def _record(self, uow: UnitOfWork, action: str, user: User) -> None:
        event = change_recorded("identity", action, "user", user.id, None, None)
        uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)
