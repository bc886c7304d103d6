"""All SQL of API keys and personal tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, update

from libs.common.db.repository import Repository
from services.identity.api_keys.models import ApiKey


class ApiKeyRepository(Repository[ApiKey]):
    """The keys of a business; personal tokens are not among them."""

    model = ApiKey

    def select(self) -> Select[Any]:
        """Keys that can be seen here."""
        return super().select().where(ApiKey.user_id.is_(None))

    async def count(self) -> int:
        """How many there are."""
        statement = select(func.count()).select_from(self.select().subquery())
        return int(await self.session.scalar(statement) or 0)

    async def by_secret(self, token_hash: bytes, *, lock: bool = False) -> ApiKey | None:
        """The live key or token with this secret, of whatever business; in the platform scope."""
        now = self.uow.now
        statement = select(ApiKey).where(
            or_(
                ApiKey.token_hash == token_hash,
                and_(ApiKey.previous_hash == token_hash, ApiKey.previous_expires_at > now),
            ),
            ApiKey.deleted_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalars().first()

    async def used(self, key: ApiKey, at: datetime) -> None:
        """Note that a key was used; its version stays."""
        statement = update(ApiKey).where(ApiKey.tenant_id == key.tenant_id, ApiKey.id == key.id)
        await self.session.execute(
            statement.values(last_used_at=at).execution_options(synchronize_session=False)
        )


class PersonalTokenRepository(ApiKeyRepository):
    """The personal tokens of the caller, or of a person; in the platform scope."""

    user_id: UUID | None = None

    def of(self, user_id: UUID) -> "PersonalTokenRepository":
        """Those of a person."""
        self.user_id = user_id
        return self

    def select(self) -> Select[Any]:
        """The live tokens of the person."""
        return select(ApiKey).where(ApiKey.user_id == self.user_id, ApiKey.deleted_at.is_(None))
