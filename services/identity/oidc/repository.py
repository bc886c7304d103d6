"""All SQL of sign-ins under way, of codes and of linked accounts; used in the platform scope only."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.oidc.models import OidcCode, OidcFlow, OidcLink


class LinkRepository(Repository[OidcLink]):
    """Linked accounts; lists show the caller's own."""

    model = OidcLink

    def visible(self) -> list[ColumnElement[bool]]:
        """The caller's own."""
        return [OidcLink.user_id == self.uow.actor.user_id]

    async def of_subject(self, issuer: str, subject: str) -> OidcLink | None:
        """The link of an outside account. Nobody else makes one of it until this transaction ends."""
        key = func.hashtextextended(f"{issuer}|{subject}", 7152309)
        await self.session.execute(select(func.pg_advisory_xact_lock(key)))
        return await self.find(OidcLink.issuer == issuer, OidcLink.subject == subject)

    async def count(self, user_id: UUID) -> int:
        """How many a person has."""
        return int(await self.session.scalar(select(func.count()).where(OidcLink.user_id == user_id)) or 0)

    async def add(self, row: OidcLink) -> OidcLink:
        """Insert a link."""
        row.created_at = self.uow.now
        self.session.add(row)
        await self.session.flush()
        return row


class FlowRepository:
    """Sign-ins that have left for a provider, and codes to be traded."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    async def add(self, row: OidcFlow | OidcCode) -> None:
        """Insert one."""
        self.session.add(row)
        await self.session.flush()

    async def take(self, state_hash: bytes, browser_hash: bytes, provider_code: str) -> OidcFlow | None:
        """Remove the sign-in of this browser at this provider, and return it; of several at once, one gets it."""
        statement = (
            delete(OidcFlow)
            .where(
                OidcFlow.state_hash == state_hash,
                OidcFlow.browser_hash == browser_hash,
                OidcFlow.provider_code == provider_code,
            )
            .returning(OidcFlow)
            .execution_options(synchronize_session=False)
        )
        found = (await self.session.execute(statement)).scalar_one_or_none()
        return found if found is not None and found.expires_at > self.uow.now else None

    async def take_code(self, code_hash: bytes) -> OidcCode | None:
        """Remove a code and return it; of several at once, one gets it."""
        statement = delete(OidcCode).where(OidcCode.code_hash == code_hash).returning(OidcCode)
        found = (
            await self.session.execute(statement.execution_options(synchronize_session=False))
        ).scalar_one_or_none()
        return found if found is not None and found.expires_at > self.uow.now else None

    async def remove_expired(self, limit: int) -> None:
        """Forget a batch of what nobody came back with."""
        for model, key in ((OidcFlow, OidcFlow.id), (OidcCode, OidcCode.code_hash)):
            table: Any = model
            batch = select(key).where(table.expires_at < self.uow.now).order_by(table.expires_at).limit(limit)
            await self.session.execute(delete(table).where(key.in_(batch)))
