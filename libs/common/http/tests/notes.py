"""A tiny service for tests of the HTTP edge: it keeps notes, some of which cannot be committed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.db.base import TYPES, TenantRow, list_indexes, service_metadata
from libs.common.db.infrastructure import infrastructure
from libs.common.db.repository import Repository
from libs.common.errors import AlreadyExists, Conflict
from libs.common.filters import ListQuery
from libs.common.http.deps import Uow, allow, provide, public, signed_in
from libs.common.http.idempotency import Idempotent
from libs.common.http.problems import problems
from libs.common.messaging.event import Event
from libs.common.money import Price
from libs.common.pagination import Page
from libs.common.resource import ResourceService
from libs.common.runtime.service import Service
from libs.common.schema import OutSchema, PatchSchema, Schema
from libs.common.settings import ServiceSettings


class Base(DeclarativeBase):
    """The base of the models."""

    metadata = service_metadata("notes")
    type_annotation_map = TYPES


class Note(TenantRow, Base):
    """A note; two of one tenant with the same `serial` collide at commit, not before (a deferred constraint)."""

    __tablename__ = "notes"
    __table_args__ = list_indexes("notes", "title", "rank")

    title: Mapped[str]
    serial: Mapped[str | None]
    rank: Mapped[int | None] = mapped_column(default=None)


MODELS = infrastructure(Base)


class NoteCreate(Schema):
    """A new note."""

    title: str
    serial: str | None = None
    rank: int | None = None
    price: Price | None = None


class NoteUpdate(PatchSchema):
    """What to change of a note."""

    title: str = ""


class NoteOut(OutSchema):
    """A note."""

    id: UUID
    title: str
    rank: int | None
    version: int


class NoteQuery(ListQuery):
    """How to list notes."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "title", "rank")
    searchable: ClassVar[tuple[str, ...]] = ("title",)
    title: list[str] | None = None
    rank_min: int | None = None
    created_at_from: datetime | None = None


class NoteRepository(Repository[Note]):
    """Notes of one tenant."""

    model = Note


class NoteAdded(Event):
    """A note was added."""

    wire_name: ClassVar[str] = "notes.note_added.v1"
    about: ClassVar[tuple[str, str]] = ("note", "note_id")

    note_id: UUID


class NoteService(ResourceService[Note]):
    """Notes."""

    repository = NoteRepository
    noun = "note"
    audited = False

    async def create(self, body: BaseModel) -> Note:
        note = await super().create(body)
        self.uow.emit(NoteAdded(note_id=note.id))
        return note

    async def prepare(self, values: dict[str, Any], row: Note | None) -> dict[str, Any]:
        values.pop("price", None)
        return values


Notes = Annotated[NoteService, Depends(provide(NoteService), scope="function")]
router = APIRouter(prefix="/notes")


@router.get("", response_model=Page[NoteOut], dependencies=[allow("notes.notes.read")])
async def list_notes(query: Annotated[NoteQuery, Query()], notes: Notes) -> Any:
    """List notes."""
    return await notes.list(query)


@router.post(
    "",
    response_model=NoteOut,
    status_code=201,
    dependencies=[allow("notes.notes.write", active=True)],
    responses=problems(AlreadyExists),
)
async def create_note(body: NoteCreate, notes: Notes) -> Any:
    """Add a note."""
    return await notes.create(body)


@router.patch("/{note_id}", response_model=NoteOut, dependencies=[allow("notes.notes.write")])
async def update_note(note_id: UUID, body: NoteUpdate, notes: Notes) -> Any:
    """Change a note."""
    return await notes.update(note_id, body)


@router.post(
    "/once",
    response_model=NoteOut,
    status_code=201,
    dependencies=[allow("notes.notes.write")],
    responses=problems(Conflict),
)
async def create_note_once(body: NoteCreate, notes: Notes, idempotency: Idempotent) -> Response:
    """Add a note, once per idempotency key."""

    async def add() -> Note:
        if body.title == "refused":
            raise Conflict("not this one")
        return await notes.create(body)

    return await idempotency.run(add, NoteOut)


@router.get("/crash", dependencies=[public()])
async def crash() -> None:
    """Fail in a way nobody expected."""
    raise RuntimeError("the secret is hunter2")


@router.get("/slow", dependencies=[signed_in()])
async def ask_database(uow: Uow) -> None:
    """Fail in the database."""
    await uow.session.execute(text("SELECT 1 / 0"))


@router.get("/{note_id}", response_model=NoteOut, dependencies=[allow("notes.notes.read")])
async def get_note(note_id: UUID, notes: Notes) -> Any:
    """One note."""
    return await notes.get(note_id)


SERVICE = Service(
    name="notes",
    description="A service for tests of the HTTP edge.",
    settings=ServiceSettings,
    metadata=Base.metadata,
    models=MODELS,
    migrations=Path(__file__).parent,
    routers=(router,),
)
