"""The HTTP side of memos."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.chat.errors import NotTheAuthor
from services.crm.deps import Memos
from services.crm.memos.schemas import MemoCreate, MemoOut, MemoQuery, MemoUpdate

router = APIRouter(prefix="/memos", tags=["memos"])
READ, WRITE = allow("crm.memos.read"), allow("crm.memos.write", active=True)


@router.get("", response_model=Page[MemoOut], dependencies=[READ])
async def list_memos(query: Annotated[MemoQuery, Query()], memos: Memos) -> Any:
    """List memos, newest first."""
    return await memos.list(query)


@router.post("", response_model=MemoOut, status_code=201, dependencies=[WRITE])
async def create_memo(body: MemoCreate, memos: Memos) -> Any:
    """Add a memo."""
    return await memos.create(body)


@router.get("/{memo_id}", response_model=MemoOut, dependencies=[READ], responses=problems(NotFound))
async def get_memo(memo_id: UUID, memos: Memos) -> Any:
    """Read one memo; its `ETag` can be sent back as `If-Match`."""
    return await memos.get(memo_id)


@router.patch(
    "/{memo_id}",
    response_model=MemoOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotTheAuthor, PreconditionFailed),
)
async def update_memo(memo_id: UUID, body: MemoUpdate, memos: Memos) -> Any:
    """Change some fields of one's own memo."""
    return await memos.update(memo_id, body)


@router.put(
    "/{memo_id}",
    response_model=MemoOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotTheAuthor, PreconditionFailed),
)
async def replace_memo(memo_id: UUID, body: MemoCreate, memos: Memos) -> Any:
    """Replace all fields of one's own memo."""
    return await memos.update(memo_id, body)


@router.delete(
    "/{memo_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, NotTheAuthor)
)
async def delete_memo(memo_id: UUID, memos: Memos) -> None:
    """Remove one's own memo; its history stays."""
    await memos.delete(memo_id)


@router.post("/{memo_id}/read", response_model=MemoOut, dependencies=[READ], responses=problems(NotFound))
async def read_memo(memo_id: UUID, memos: Memos) -> Any:
    """Note that the caller has read a memo that is for him."""
    return await memos.read(memo_id)
