"""The HTTP side of templates."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.notifications.deps import Templates
from services.notifications.templates.errors import TemplateInvalid
from services.notifications.templates.schemas import (
    BuiltinList,
    Preview,
    Rendered,
    TemplateCreate,
    TemplateOut,
    TemplateQuery,
    TemplateTest,
    TemplateUpdate,
    TestSent,
)

router = APIRouter(prefix="/templates", tags=["templates"])
READ, WRITE = allow("notifications.templates.read"), allow("notifications.templates.write")


@router.get("", response_model=Page[TemplateOut], dependencies=[READ])
async def list_templates(query: Annotated[TemplateQuery, Query()], templates: Templates) -> Any:
    """List the texts that the business put in place of the built-in ones."""
    return await templates.list(query)


@router.get("/builtin", response_model=BuiltinList, dependencies=[READ])
async def list_builtin_templates(templates: Templates) -> Any:
    """The texts that come with the service, to start from."""
    return templates.builtin()


@router.post(
    "",
    response_model=TemplateOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists, TemplateInvalid),
)
async def create_template(body: TemplateCreate, templates: Templates) -> Any:
    """Put a text of your own in place of a built-in one."""
    return await templates.create(body)


@router.get("/{template_id}", response_model=TemplateOut, dependencies=[READ], responses=problems(NotFound))
async def get_template(template_id: UUID, templates: Templates) -> Any:
    """Read one text; its `ETag` can be sent back as `If-Match`."""
    return await templates.get(template_id)


@router.patch(
    "/{template_id}",
    response_model=TemplateOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, AlreadyExists, TemplateInvalid),
)
async def update_template(template_id: UUID, body: TemplateUpdate, templates: Templates) -> Any:
    """Change some fields of a text."""
    return await templates.update(template_id, body)


@router.put(
    "/{template_id}",
    response_model=TemplateOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, AlreadyExists, TemplateInvalid),
)
async def replace_template(template_id: UUID, body: TemplateCreate, templates: Templates) -> Any:
    """Replace a text."""
    return await templates.update(template_id, body)


@router.delete("/{template_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_template(template_id: UUID, templates: Templates) -> None:
    """Go back to the built-in text."""
    await templates.delete(template_id)


@router.post(
    "/{template_id}/preview",
    response_model=Rendered,
    dependencies=[READ],
    responses=problems(NotFound, TemplateInvalid),
)
async def preview_template(template_id: UUID, body: Preview, templates: Templates) -> Any:
    """Fill in a text with your values or with example ones."""
    return await templates.preview(template_id, body)


@router.post(
    "/{template_id}/test",
    response_model=TestSent,
    status_code=202,
    dependencies=[WRITE],
    responses=problems(NotFound, TemplateInvalid),
)
async def test_template(template_id: UUID, body: TemplateTest, templates: Templates) -> Any:
    """Send a filled-in text as a mail, to yourself unless an address is named."""
    return await templates.test(template_id, body)
