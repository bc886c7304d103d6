"""The HTTP side of privacy requests."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from libs.common.errors import NotFound, PermissionDenied
from libs.common.http.deps import allow, provide
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.privacy_requests.errors import ExportNotReady, OwnsABusiness
from services.identity.privacy_requests.schemas import (
    PrivacyRequestCreate,
    PrivacyRequestOut,
    PrivacyRequestQuery,
)
from services.identity.privacy_requests.service import ErasureService, ExportService

router = APIRouter(prefix="/privacy", tags=["privacy"])
READ, WRITE = allow("identity.privacy.read"), allow("identity.privacy.write")
Exports = Annotated[ExportService, Depends(provide(ExportService), scope="function")]
Erasures = Annotated[ErasureService, Depends(provide(ErasureService), scope="function")]
Listed = Annotated[PrivacyRequestQuery, Query()]
_SOME_ID = "0193a1c2-7b3e-7c4d-8e5f-6a7b8c9d0e1f"
_FILE = {
    "schema": {
        "type": "object",
        "required": ["request_id", "email", "user_id", "services"],
        "properties": {
            "request_id": {"type": "string", "format": "uuid"},
            "email": {"type": "string"},
            "user_id": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
            "services": {
                "type": "object",
                "description": "By service and table, the rows that are about the person",
                "additionalProperties": {"type": "object"},
            },
        },
    },
    "example": {
        "request_id": _SOME_ID,
        "email": "thandi@example.com",
        "user_id": _SOME_ID,
        "services": {"orders": {"orders": [{"id": _SOME_ID, "email": "thandi@example.com"}]}, "crm": {}},
    },
}


@router.get("/exports", response_model=Page[PrivacyRequestOut], dependencies=[READ])
async def list_privacy_exports(query: Listed, exports: Exports) -> Any:
    """List exports of people's data, newest first, each with the receipts of the services."""
    return await exports.list(query)


@router.post(
    "/exports",
    response_model=PrivacyRequestOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, PermissionDenied),
)
async def create_privacy_export(body: PrivacyRequestCreate, exports: Exports) -> Any:
    """Collect what every service knows of a person; fetch it once `status` is `completed`."""
    return await exports.create(body)


@router.get(
    "/exports/{export_id}",
    response_model=PrivacyRequestOut,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def get_privacy_export(export_id: UUID, exports: Exports) -> Any:
    """Read one export: how far it is, and which service it waits for."""
    return await exports.get(export_id)


@router.get(
    "/exports/{export_id}/file",
    dependencies=[WRITE],
    response_class=Response,
    responses={
        200: {"description": "By service and table", "content": {"application/json": _FILE}},
        **problems(NotFound, ExportNotReady),
    },
)
async def fetch_privacy_export(export_id: UUID, exports: Exports) -> Response:
    """Fetch what was collected, until it expires. That somebody did is written in the audit log."""
    return Response(
        await exports.file(export_id),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="privacy-export-{export_id}.json"',
            "Cache-Control": "no-store",
        },
    )


@router.post(
    "/exports/{export_id}/retry",
    response_model=PrivacyRequestOut,
    dependencies=[WRITE],
    responses=problems(NotFound),
)
async def retry_privacy_export(export_id: UUID, exports: Exports) -> Any:
    """Ask those services again at once that have not answered yet."""
    return await exports.retry(export_id)


@router.get("/erasures", response_model=Page[PrivacyRequestOut], dependencies=[READ])
async def list_privacy_erasures(query: Listed, erasures: Erasures) -> Any:
    """List erasures of people's data, newest first, each with the receipts of the services."""
    return await erasures.list(query)


@router.post(
    "/erasures",
    response_model=PrivacyRequestOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, PermissionDenied, OwnsABusiness),
)
async def create_privacy_erasure(body: PrivacyRequestCreate, erasures: Erasures) -> Any:
    """Erase what every service knows of a person. What the law asks to keep is kept, and the receipts say why."""
    return await erasures.create(body)


@router.get(
    "/erasures/{erasure_id}",
    response_model=PrivacyRequestOut,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def get_privacy_erasure(erasure_id: UUID, erasures: Erasures) -> Any:
    """Read one erasure: how far it is, which service it waits for, and what each has done."""
    return await erasures.get(erasure_id)


@router.post(
    "/erasures/{erasure_id}/retry",
    response_model=PrivacyRequestOut,
    dependencies=[WRITE],
    responses=problems(NotFound),
)
async def retry_privacy_erasure(erasure_id: UUID, erasures: Erasures) -> Any:
    """Ask those services again at once that have not answered yet."""
    return await erasures.retry(erasure_id)
