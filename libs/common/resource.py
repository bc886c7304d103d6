"""The shape that every plain resource has: list, get, create, update, delete, each within the tenant."""

from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import inspect

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, ValidationFailed
from libs.common.filters import ListQuery
from libs.common.schema import PatchSchema

M = TypeVar("M", bound=Any)


class ResourceService(Generic[M]):
    """Rules common to plain resources. A feature's service subclasses it and adds its own verbs.

    `noun` is the singular name used in problems and in the audit log; `secret_fields` never reach the log. Fields that
    are `fixed` are given to a new row for good: a PUT may repeat them, since it takes what a POST takes.
    """

    repository: ClassVar[type[Repository[Any]]]
    noun: ClassVar[str]
    audited: ClassVar[bool] = True
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    fixed: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows: Repository[M] = self.repository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page: `{"items": [...], "next_cursor": ...}`."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, row_id: UUID, *, lock: bool = False) -> M:
        """The row with this id.

        Raises:
            NotFound: there is none in this tenant.
        """
        row = await self.rows.get(row_id, lock=lock)
        if row is None:
            raise NotFound(f"There is no such {self.noun}.", resource=self.noun)
        self.uow.show(row)
        return row

    async def create(self, body: BaseModel) -> M:
        """Insert a row from a body whose fields are the model's columns."""
        row = self.rows.model(**await self.prepare(body.model_dump(), None))
        await self.rows.add(row)
        self._record("created", row, None)
        self.uow.show(row)
        return row

    async def update(self, row_id: UUID, body: BaseModel) -> M:
        """Change a row: the sent fields of a PATCH body, or all fields of a PUT body.

        Raises:
            PreconditionFailed: `If-Match` named another version.
            ValidationFailed: a field that is fixed would change.
        """
        row = await self.get(row_id, lock=True)
        self.check_version(row)
        changes = body.changes() if isinstance(body, PatchSchema) else body.model_dump()
        changes = await self.prepare(self._without_fixed(changes, row), row)
        before = snapshot(row)
        for name, value in changes.items():
            setattr(row, name, value)
        await self.rows.save(row)
        self._record("updated", row, before)
        self.uow.show(row)
        return row

    async def delete(self, row_id: UUID) -> None:
        """Remove a row (softly where its model keeps history)."""
        row = await self.get(row_id, lock=True)
        self.check_version(row)
        await self.before_delete(row)
        before = snapshot(row)
        await self.rows.delete(row)
        self._record("deleted", row, before)

    async def prepare(self, values: dict[str, Any], row: M | None) -> dict[str, Any]:
        """Turn the fields of a body into columns, checking what needs the database; override as needed."""
        return values

    async def before_delete(self, row: M) -> None:
        """Refuse a deletion by raising; override as needed."""

    def check_version(self, row: M) -> None:
        """Refuse when the caller's `If-Match` names another version."""
        self.uow.check_version(row.version)

    def _without_fixed(self, values: dict[str, Any], row: M) -> dict[str, Any]:
        for name in self.fixed & values.keys():
            if values[name] is not None and values[name] != getattr(row, name):
                raise ValidationFailed.of(name, "cannot be changed here", "fixed")
        return {name: value for name, value in values.items() if name not in self.fixed}

    def _record(self, action: str, row: M, before: dict[str, Any] | None) -> None:
        if not self.audited:
            return
        after = None if action == "deleted" else snapshot(row)
        if before is not None and after is not None:
            changed = {name for name in after if after[name] != before.get(name)} - {"version", "updated_at"}
            before = {name: before.get(name) for name in changed}
            after = {name: after[name] for name in changed}
        self.uow.audit(action, self.noun, row.id, before=self._masked(before), after=self._masked(after))

    def _masked(self, values: dict[str, Any] | None) -> dict[str, Any] | None:
        if values is None:
            return None
        return {k: "***" if k in self.secret_fields and v is not None else v for k, v in values.items()}


def snapshot(row: Any) -> dict[str, Any]:
    """The loaded columns of a row as JSON values."""
    state = inspect(row)
    unloaded = state.unloaded
    names = [c.key for c in state.mapper.column_attrs if c.key not in unloaded and c.key != "tenant_id"]
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool | dict | list):
        return value
    if isinstance(value, bytes):
        return "***"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
