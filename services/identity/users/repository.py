"""All SQL of users. Outside the platform scope the database shows those of the tenant acted in only."""

from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.direct import Direct, hydrated, read
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.auth.errors import EmailTaken
from services.identity.users.models import User

_ID = bindparam("id", type_=Uuid())
_BY_EMAIL = Direct(select(User.__table__).where(User.email == bindparam("email", type_=Text())))
_BY_ID = Direct(select(User.__table__).where(User.id == _ID))
_LOCK = Direct(select(User.__table__).where(User.id == _ID).with_for_update())
# What a sign-in changes of an account.
_SIGNING_IN = ("password_hash", "last_sign_in_at")
_SIGN_IN = Direct(
    update(User)
    .where(User.id == _ID)
    .values({name: bindparam(name, type_=User.__table__.c[name].type) for name in _SIGNING_IN})
)


class UserRepository:
    """Accounts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work, made where it is needed."""
        return self.uow.session

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

    async def look_up(self, email: str) -> User | None:
        """The account with this address, to look at only: no session knows it."""
        [rows] = await read(self.uow, (_BY_EMAIL, {"email": email.strip().lower()}))
        return next(iter(hydrated(User, rows)), None)

    async def look(self, user_id: UUID) -> User | None:
        """The account with this id, to look at only: no session knows it."""
        [rows] = await read(self.uow, (_BY_ID, {"id": user_id}))
        return next(iter(hydrated(User, rows)), None)

    async def lock(self, user_id: UUID) -> User | None:
        """The account with this id, locked for a sign-in: no session knows it, and `sign_in` writes it."""
        return next(iter(hydrated(User, await _LOCK.all(self.uow, id=user_id))), None)

    def sign_in(self, user: User) -> None:
        """Note that the person of a locked account signs in now."""
        user.last_sign_in_at = self.uow.now
        if not self.uow.transaction.knows(user):
            self.uow.write(_SIGN_IN, user)

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
