"""All SQL of attempt counters; used in the platform scope only."""

from collections.abc import Sequence

from sqlalchemy import bindparam, update

from libs.common.db.direct import Direct, all_of, hydrated, insert_of
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.attempts.models import AttemptCounter

_columns = AttemptCounter.__table__.columns
_new = insert_of(AttemptCounter)
# The update takes the lock, and keeps the row from being cleaned away.
_LOCK = Direct(
    _new.on_conflict_do_update(
        index_elements=["scope", "subject"], set_={"updated_at": _new.excluded.updated_at}
    ).returning(*_columns)
)
_KEY = ("scope", "subject")
_UPDATE = Direct(
    update(AttemptCounter)
    .where(*(_columns[name] == bindparam(name, type_=_columns[name].type) for name in _KEY))
    .values({c.name: bindparam(c.name, type_=c.type) for c in _columns if c.name not in _KEY})
)


class AttemptRepository:
    """What is counted of sign-ins."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def lock(self, keys: Sequence[tuple[str, str]]) -> list[AttemptCounter]:
        """The counters of these keys, made where absent and locked, always in the same order."""
        if not keys:
            return []
        new = {
            "marks": [],
            "pending": 0,
            "pending_at": None,
            "locked_until": None,
            "updated_at": self.uow.now,
        }
        runs = [(_LOCK, {**new, "scope": scope, "subject": subject}) for scope, subject in keys]
        return [hydrated(AttemptCounter, rows)[0] for rows in await all_of(self.uow, *runs)]

    def save(self, counters: Sequence[AttemptCounter]) -> None:
        """Write counters as they are at the commit."""
        self.uow.write(_UPDATE, *counters)
