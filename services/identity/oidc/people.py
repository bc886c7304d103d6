"""From an outside account to a person here: known by issuer and subject, found by address, linked, or new."""

from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, TenantNotActive
from libs.contracts.audit import change_recorded
from services.identity.auth.persona import act_as
from services.identity.auth.takeover import take_over
from services.identity.members.repository import MemberRepository
from services.identity.members.service import MemberService
from services.identity.oidc.errors import (
    AccountExists,
    AccountOff,
    EmailMissing,
    LinkedElsewhere,
    NoAccount,
    TooManyLinks,
)
from services.identity.oidc.id_token import OutsideAccount
from services.identity.oidc.models import OidcFlow, OidcLink
from services.identity.oidc.provider import Provider
from services.identity.oidc.repository import LinkRepository
from services.identity.roles.catalogue import CLIENT
from services.identity.sessions.service import SessionService
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

MOST = 20


class OutsidePeople:
    """Persons of outside accounts, in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.links = LinkRepository(uow)
        self.users = UserRepository(uow)

    async def sign_in(self, provider: Provider, account: OutsideAccount, shop_id: UUID | None) -> User:
        """The person of an account, who joins the shop named as a client where he is no member.

        Raises:
            NoAccount, AccountExists, EmailMissing, AccountOff: nobody is signed in.
            TenantNotActive, NotFound: the shop does not trade, or there is none.
        """
        link = await self.links.of_subject(account.issuer, account.subject)
        user = await self.users.get(link.user_id, lock=True) if link is not None else None
        if user is not None and link is not None and _is_outdone(link, user):
            await self.links.delete(link)
            link = user = None
        if user is None:
            user = await self._of_address(account)
        is_new = user is None
        if user is None:
            user = await self._new(account, shop_id)
        if not user.is_active:
            raise AccountOff
        if link is None:
            link = await self._link(provider, account, user, is_claim=is_new and not account.is_verified)
        link.last_used_at = self.uow.now
        if shop_id is not None:
            await self._join(user, shop_id)
        return user

    async def link(self, provider: Provider, account: OutsideAccount, flow: OidcFlow) -> OidcLink:
        """Let the account open the one of who began to link it.

        Raises:
            Unauthenticated: his session has ended since.
            LinkedElsewhere: it opens another person's.
            TooManyLinks: there are as many as may be.
        """
        assert flow.user_id is not None
        found = await self.links.of_subject(account.issuer, account.subject)
        user = await self.users.get(flow.user_id, lock=True)
        if user is None or not user.is_active:
            raise AccountOff
        # Under the lock, for whoever takes the account over ends the session under it too.
        session = await SessionService(self.uow).live(flow.session_id)
        if found is not None:
            if found.user_id != user.id:
                raise LinkedElsewhere
            return found
        act_as(self.uow, user, session.id)
        return await self._link(provider, account, user)

    async def _of_address(self, account: OutsideAccount) -> User | None:
        if account.email is None:
            return None
        user = await self.users.by_email(account.email)
        if user is None:
            return None
        if not account.is_verified:
            raise AccountExists
        user = await self.users.get(user.id, lock=True)
        if user is not None:
            await take_over(self.uow, user)
        return user

    async def _new(self, account: OutsideAccount, shop_id: UUID | None) -> User:
        if shop_id is None:
            raise NoAccount
        if account.email is None:
            raise EmailMissing
        return await self.users.add(
            User(
                email=account.email,
                password_hash=None,
                first_name=account.first_name or account.email.partition("@")[0][:100],
                last_name=account.last_name,
                locale=account.locale or "en",
                home_tenant_id=shop_id,
                email_verified_at=self.uow.now if account.is_verified else None,
            )
        )

    async def _link(
        self, provider: Provider, account: OutsideAccount, user: User, *, is_claim: bool = False
    ) -> OidcLink:
        if await self.links.count(user.id) >= MOST:
            raise TooManyLinks(MOST)
        link = await self.links.add(
            OidcLink(
                user_id=user.id,
                issuer=account.issuer,
                subject=account.subject,
                provider_code=provider.code,
                provider_tenant_id=provider.tenant_id,
                email=account.email,
                is_claim=is_claim,
            )
        )
        act_as(self.uow, user, self.uow.actor.session_id if self.uow.actor.user_id == user.id else None)
        after = {"provider": provider.code, "issuer": account.issuer, "subject": account.subject}
        event = change_recorded("identity", "linked", "oidc_link", link.id, None, after)
        self.uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)
        return link

    async def _join(self, user: User, shop_id: UUID) -> None:
        members = MemberRepository(self.uow)
        # Staff look after shops; they are no customers for having signed in at one.
        if await members.belongs(user.id, shop_id) or await members.belongs(user.id, OPERATOR_TENANT_ID):
            return
        trading(await TenantRepository(self.uow).get(shop_id))
        act_as(self.uow, user)
        await self.uow.enter_tenant(shop_id)
        await MemberService(self.uow).join(user, [CLIENT])
        await self.uow.enter_platform()


def _is_outdone(link: OidcLink, user: User) -> bool:
    """Whether somebody has proven the account's address since a link was made of an address that nobody had proven."""
    proven = user.email_verified_at
    return link.is_claim and proven is not None and proven > link.created_at


def trading(tenant: Tenant | None) -> Tenant:
    """The shop, where it trades.

    Raises:
        NotFound, TenantNotActive: there is none, or it does not.
    """
    if tenant is None:
        raise NotFound("There is no such shop.", resource="company")
    if tenant.status != TenantStatus.ACTIVE:
        raise TenantNotActive("The shop does not trade now.")
    return tenant
