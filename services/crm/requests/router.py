"""The HTTP side of requests."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Requests
from services.crm.requests.schemas import RequestCreate, RequestOut, RequestQuery, RequestUpdate

router = APIRouter(prefix="/requests", tags=["requests"])
READ, WRITE = allow("crm.requests.read"), allow("crm.requests.write", active=True)


@router.get("", response_model=Page[RequestOut], dependencies=[READ])
async def list_requests(query: Annotated[RequestQuery, Query()], requests: Requests) -> Any:
    """List requests, newest first."""
    return await requests.list(query)


@router.post("", response_model=RequestOut, status_code=201, dependencies=[WRITE])
async def create_request(body: RequestCreate, requests: Requests) -> Any:
    """Add a request."""
    return await requests.create(body)


@router.get("/{request_id}", response_model=RequestOut, dependencies=[READ], responses=problems(NotFound))
async def get_request(request_id: UUID, requests: Requests) -> Any:
    """Read one request; its `ETag` can be sent back as `If-Match`."""
    return await requests.get(request_id)


@router.patch(
    "/{request_id}",
    response_model=RequestOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_request(request_id: UUID, body: RequestUpdate, requests: Requests) -> Any:
    """Change some fields of a request."""
    return await requests.update(request_id, body)


@router.put(
    "/{request_id}",
    response_model=RequestOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_request(request_id: UUID, body: RequestCreate, requests: Requests) -> Any:
    """Replace all fields of a request."""
    return await requests.update(request_id, body)


@router.delete("/{request_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_request(request_id: UUID, requests: Requests) -> None:
    """Remove a request; its history stays."""
    await requests.delete(request_id)
