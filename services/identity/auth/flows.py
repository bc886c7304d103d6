"""Signing in and out: flows over accounts, sessions, keys and the guard against guessing."""

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.errors import NotFound, TenantNotActive, TenantRequired
from libs.contracts.audit import change_recorded
from services.identity.api_keys.models import ApiKey
from services.identity.api_keys.schemas import TokenIn
from services.identity.api_keys.service import PersonalTokenService
from services.identity.attempts.guard import AttemptGuard
from services.identity.auth.admission import Admission, checked
from services.identity.auth.caller import Caller
from services.identity.auth.errors import (
    EmailTaken,
    InvalidCredentials,
    RefreshInvalid,
    RefreshReused,
    WrongPassword,
)
from services.identity.auth.factor import FirstFactor
from services.identity.auth.own import own_user_id
from services.identity.auth.persona import act_as
from services.identity.auth.schemas import (
    AccountOut,
    ActAsIn,
    ActingOut,
    LoginIn,
    PasswordChange,
    ShopOut,
    SignupIn,
    SignupOut,
    TokensOut,
)
from services.identity.members.service import MemberService
from services.identity.mfa.step import second_step
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.roles.catalogue import CLIENT
from services.identity.roles.granting import check_acting
from services.identity.roles.vocabulary import Vocabulary
from services.identity.sessions.service import SessionService
from services.identity.signing_keys.tokens import TokenIssuer
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


class SignIn:
    """The flows of one caller."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.context = caller.context
        self.passwords = Passwords.of(caller.context)
        self.admission = Admission(caller)

    async def login(self, body: LoginIn) -> TokensOut:
        """Start a session.

        Raises:
            InvalidCredentials: unknown account, wrong password or account switched off, all alike.
            OtpRequired, OtpInvalid: the password is right, and a second factor is due.
            TooManyAttempts: not now.
        """
        user, first = await self._prove(body)
        password, new_hash = body.password.get_secret_value(), None
        if user.password_hash and self.passwords.needs_rehash(user.password_hash):
            new_hash = await self.passwords.hash(password)
        async with self.caller.unit_of_work() as uow:
            current = await UserRepository(uow).lock(user.id)
            # The password may have been changed, or the account switched off, since it was looked at.
            if current is None or not current.is_active or current.password_hash != user.password_hash:
                raise InvalidCredentials
            current.password_hash = new_hash or current.password_hash
            started = await self.admission.start(uow, current, first)
        return await self.admission.tokens(started.user, started.session, started.refresh)

    async def refresh(self, token: str) -> TokensOut:
        """Trade a refresh token for a new pair.

        Raises:
            RefreshReused: it was used before; its session has ended for that.
            RefreshInvalid: it is no good.
        """
        async with self.caller.unit_of_work() as uow:
            outcome = await SessionService(uow).refresh(token, address=self.caller.address)
            user = await UserRepository(uow).look(outcome.session.user_id) if outcome.session else None
        # The end of the session is committed by now, although the request ends in an error.
        if outcome.is_reuse:
            raise RefreshReused
        if outcome.session is None or outcome.token is None or user is None or not user.is_active:
            raise RefreshInvalid
        return await self.admission.tokens(user, outcome.session, outcome.token)

    async def act_as(self, actor: Actor, body: ActAsIn) -> ActingOut:
        """Act as another person for a short while. The person sees it; what is done is written down with both names.

        Raises:
            NotFound: there is no such person, or the account is switched off.
            PermissionDenied: the person may do something, somewhere, that the caller may not.
        """
        acting_user_id = own_user_id(actor)
        settings = self.context.settings
        async with self.caller.unit_of_work() as uow:
            user = await UserRepository(uow).get(body.user_id)
            if user is None or not user.is_active or user.id == acting_user_id:
                raise NotFound("There is no such person.", resource="user")
            await check_acting(uow, user.id)
            session = await SessionService(uow).start_acting(
                user,
                acting_user_id,
                body.reason,
                address=self.caller.address,
                user_agent=self.caller.user_agent,
            )
            fact = {
                "acting_user_id": str(acting_user_id),
                "reason": body.reason,
                "session_id": str(session.id),
            }
            for tenant_id in {user.home_tenant_id or OPERATOR_TENANT_ID, OPERATOR_TENANT_ID}:
                event = change_recorded("identity", "acted_as", "user", user.id, None, fact)
                uow.emit(event, tenant_id=tenant_id)
        access = await TokenIssuer.of(self.context).issue(
            user.id, session.id, acting_user_id=acting_user_id, seconds=settings.acting_seconds
        )
        return ActingOut(
            access=access,
            expires_in=settings.acting_seconds,
            session_id=session.id,
            user=AccountOut.model_validate(user),
            acting_user_id=acting_user_id,
        )

    async def logout(self, actor: Actor, refresh: str | None) -> None:
        """End the session of the caller, or of the refresh token shown."""
        async with self.caller.unit_of_work() as uow:
            sessions = SessionService(uow)
            if actor.session_id is not None and actor.user_id is not None:
                session = await sessions.rows.get(actor.session_id, lock=True)
                if session is not None and session.user_id == actor.user_id:
                    await sessions.revoke(session, "signed out")
            if refresh is not None:
                await sessions.revoke_token(refresh, "signed out")

    async def personal_token(self, body: TokenIn) -> tuple[ApiKey, str]:
        """Make a personal token for who shows a password.

        Raises:
            InvalidCredentials: unknown account, wrong password or account switched off, all alike.
            OtpRequired, OtpInvalid: the password is right, and a second factor is due.
            TooManyAttempts: not now.
            TooManyKeys: the person has too many tokens.
            UnknownPermission: there is no such scope.
        """
        await Vocabulary.of(self.context).require_known(body.scopes)
        user, _ = await self._prove(body)
        async with self.caller.unit_of_work() as uow:
            current = await UserRepository(uow).get(user.id, lock=True)
            if current is None or not current.is_active or current.password_hash != user.password_hash:
                raise InvalidCredentials
            act_as(uow, current)
            return await PersonalTokenService(uow).make(current, body)

    async def change_password(self, actor: Actor, body: PasswordChange) -> None:
        """Replace one's own password, and end one's other sessions.

        Raises:
            WrongPassword, WeakPassword, TooManyAttempts.
        """
        user_id = own_user_id(actor)
        new = body.new_password.get_secret_value()
        check_password(new, actor.email or "", self.context.settings, field="new_password")
        user = await self._verify(actor.email or "", body.current_password.get_secret_value())
        if user is None or user.id != user_id:
            raise WrongPassword("The current password is wrong.")
        new_hash = await self.passwords.hash(new)
        async with self.caller.unit_of_work() as uow:
            users = UserRepository(uow)
            current = await users.get(user_id, lock=True)
            if current is None or current.password_hash != user.password_hash:
                raise WrongPassword("The current password is wrong.")
            current.password_hash = new_hash
            await users.save(current)
            # Whoever got at a mail of before must not undo this.
            for purpose in (LinkPurpose.PASSWORD_RESET, LinkPurpose.MAGIC_LINK):
                await OneTimeLinkService(uow).rows.void(user_id, uow.now, purpose=purpose)
            await SessionService(uow).revoke_all(user_id, "password changed", keep=actor.session_id)
            await PersonalTokenService(uow).revoke_all(user_id)
            uow.emit(
                change_recorded("identity", "password_changed", "user", user_id, None, None),
                tenant_id=current.home_tenant_id or OPERATOR_TENANT_ID,
            )

    async def signup(self, body: SignupIn) -> SignupOut:
        """Make a person a client of a shop; one who has an account shows its password.

        Raises:
            TenantNotActive, NotFound: there is no such shop, or it does not trade.
            EmailTaken: there is such an account, with another password.
            AlreadyMember: the person is a client there already.
            WeakPassword, TooManyAttempts.
        """
        tenant_id = body.company_id or self.caller.actor.tenant_id
        if tenant_id is None:
            raise TenantRequired("Name the shop with company_id.")
        password = body.password.get_secret_value()
        async with self.caller.unit_of_work() as uow:
            _trading(await TenantRepository(uow).get(tenant_id))
            existing = await UserRepository(uow).by_email(body.email)
        if existing is not None:
            if await self._verify(body.email, password) is None:
                raise EmailTaken
            new_hash = None
        else:
            check_password(password, body.email, self.context.settings)
            new_hash = await self.passwords.hash(password)
        async with self.caller.unit_of_work() as uow:
            tenant = _trading(await TenantRepository(uow).get(tenant_id))
            users = UserRepository(uow)
            if existing is not None:
                user = await users.get(existing.id)
                assert user is not None
            else:
                user = await users.add(
                    User(
                        email=body.email,
                        password_hash=new_hash,
                        first_name=body.first_name,
                        last_name=body.last_name,
                        phone=body.phone,
                        locale=body.locale,
                        home_tenant_id=tenant_id,
                    )
                )
            act_as(uow, user)
            if existing is None:
                await OneTimeLinkService(uow).make(user, LinkPurpose.EMAIL_VERIFICATION)
            await uow.enter_tenant(tenant_id)
            await MemberService(uow).join(user, [CLIENT])
        return SignupOut(user=AccountOut.model_validate(user), company=ShopOut.model_validate(tenant))

    async def _prove(self, body: LoginIn) -> tuple[User, FirstFactor]:
        """The account of who shows name, password and, where it is due, the second factor; one attempt in all."""
        guard = AttemptGuard(self.context)
        async with guard.attempt(body.name_of_person, self.caller.address) as attempt:
            user = await self._match(body.name_of_person, body.password.get_secret_value())
            if user is None:
                attempt.succeeded = False
                raise InvalidCredentials
            step = await second_step(self.context, user.id, body.otp or None)
            step.settle(attempt)
        return user, checked(step, FirstFactor(user.id, ("pwd",), is_remembered=body.remember))

    async def _verify(self, name: str, password: str) -> User | None:
        """The account of a name whose password this is, as it was just now; every check is counted."""
        guard = AttemptGuard(self.context)
        async with guard.attempt(name, self.caller.address) as attempt:
            user = await self._match(name, password)
            if user is None:
                attempt.succeeded = False
            else:
                # With a second factor the password alone proves too little to forget the failures before.
                (await second_step(self.context, user.id, None)).settle(attempt)
        return user

    async def _match(self, name: str, password: str) -> User | None:
        async with self.context.unit_of_work(platform=True) as uow:
            user = await UserRepository(uow).look_up(name)
        matches = await self.passwords.verify(user.password_hash if user else None, password)
        return user if matches and user is not None and user.is_active else None


def _trading(tenant: Tenant | None) -> Tenant:
    if tenant is None:
        raise NotFound("There is no such shop.", resource="company")
    if tenant.status != TenantStatus.ACTIVE:
        raise TenantNotActive("The shop does not trade now.")
    return tenant
