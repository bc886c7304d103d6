"""All SQL of users. Outside the platform scope the database shows those of the tenant acted in only."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.auth.errors import EmailTaken
from services.identity.users.models import User


class UserRepository:
    """Accounts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    async def get(self, user_id: UUID, *, lock: bool = False) -> User | None:
        """The account with this id."""
        statement = select(User).where(User.id == user_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def by_email(self, email: str) -> User | None:
        """The account with this address, in whatever case it is written."""
        statement = select(User).where(User.email == email.strip().lower())
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def add(self, user: User) -> User:
        """Insert an account.

        Raises:
            EmailTaken: somebody has the address, perhaps since a moment ago.
        """
        user.email = user.email.strip().lower()
        user.created_at = user.updated_at = self.uow.now
        try:
            async with self.session.begin_nested():
                self.session.add(user)
                await self.session.flush()
        except IntegrityError as error:
            if "uq_users_email" in str(error.orig):
                raise EmailTaken from None
            raise
        return user

    async def save(self, user: User) -> None:
        """Flush changes, raising the version."""
        self.uow.raise_version(user)
        await self.session.flush()
