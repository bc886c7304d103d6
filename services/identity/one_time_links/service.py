"""The rules of one-time links, in the platform scope."""

from datetime import timedelta
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.contracts.audit import change_recorded
from libs.contracts.identity import OneTimeLinkMade
from services.identity.one_time_links.errors import LinkInvalid
from services.identity.one_time_links.models import LinkPurpose, OneTimeLink
from services.identity.one_time_links.repository import OneTimeLinkRepository
from services.identity.one_time_links.tokens import link_id_of, token_of
from services.identity.users.models import User

# More mails of a kind than these in so many seconds only annoy; who asks is not told.
_MOST_MAILS, _MAILS_WITHIN = 5, timedelta(minutes=15)


class OneTimeLinkService:
    """Makes links, has them mailed, and takes them once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = OneTimeLinkRepository(uow)
        self._settings = uow.context.settings

    async def make(self, user: User, purpose: LinkPurpose) -> None:
        """Make a link and have it mailed; those before for the same purpose are good no more.

        The event names the link and not its token: that is made when the mail is sent (`reveal`).
        """
        if await self.rows.made_since(user.id, purpose, self.uow.now - _MAILS_WITHIN) >= _MOST_MAILS:
            return
        await self.rows.void(user.id, self.uow.now, purpose=purpose)
        seconds = self._life(purpose)
        link = OneTimeLink(
            user_id=user.id,
            purpose=str(purpose),
            email=user.email,
            created_at=self.uow.now,
            expires_at=self.uow.now + timedelta(seconds=seconds),
        )
        await self.rows.add(link)
        # What opens an account is the platform's to send, and no business may read it among its mails.
        is_own = purpose is LinkPurpose.EMAIL_VERIFICATION and user.home_tenant_id is not None
        tenant_id = user.home_tenant_id if is_own else OPERATOR_TENANT_ID
        event = OneTimeLinkMade(
            link_id=link.id,
            user_id=user.id,
            purpose=purpose.value,
            email=user.email,
            name=user.name,
            locale=user.locale,
            valid_minutes=seconds // 60,
        )
        self.uow.emit(event, tenant_id=tenant_id)
        asked = change_recorded("identity", f"{purpose}_mailed", "user", user.id, None, None)
        self.uow.emit(asked, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)

    async def peek(self, token: str, purpose: LinkPurpose) -> OneTimeLink:
        """The link of a token that is still good, left as it is.

        Raises:
            LinkInvalid: it is not.
        """
        return await self._find(token, purpose)

    async def use(self, token: str, purpose: LinkPurpose) -> OneTimeLink:
        """Use a link up; its row's lock lets one of several win.

        Raises:
            LinkInvalid: it is good no more.
        """
        link = await self._find(token, purpose, lock=True)
        link.used_at = self.uow.now
        await self.uow.session.flush()
        return link

    async def reveal(self, link_id: UUID, email: str) -> str:
        """The address behind a link, for the mail that is being sent to this recipient.

        Raises:
            NotFound: it is good no more, or goes to somebody else.
        """
        link = await self.rows.get(link_id)
        if link is None or not self._is_good(link) or link.email.lower() != email.strip().lower():
            raise NotFound("There is no such link.", resource="one_time_link")
        base = self.uow.context.common.public_url.rstrip("/")
        pattern: str = getattr(self._settings, f"{link.purpose}_url")
        token = token_of(self.uow.context.keyring, link.id)
        return pattern.replace("{public_url}", base).replace("{token}", token)

    async def _find(self, token: str, purpose: LinkPurpose, *, lock: bool = False) -> OneTimeLink:
        link_id = link_id_of(self.uow.context.keyring, token)
        link = await self.rows.get(link_id, lock=lock) if link_id is not None else None
        if link is None or link.purpose != purpose or not self._is_good(link):
            raise LinkInvalid
        return link

    def _is_good(self, link: OneTimeLink) -> bool:
        return link.used_at is None and link.expires_at > self.uow.now

    def _life(self, purpose: LinkPurpose) -> int:
        return int(getattr(self._settings, f"{purpose}_seconds"))
