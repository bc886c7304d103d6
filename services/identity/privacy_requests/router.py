"""The HTTP side of privacy requests: exports and erasures alike, and the file of an export."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from libs.common.errors import AppError, NotFound, PermissionDenied, ReauthenticationRequired
from libs.common.http.deps import Context, CurrentActor, allow, provide
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.recent import recently_authenticated
from services.identity.deps import provide_in_path_tenant
from services.identity.privacy_requests.errors import ExportNotReady, OwnsABusiness
from services.identity.privacy_requests.file import lines
from services.identity.privacy_requests.schemas import (
    ClosingOut,
    PrivacyRequestCreate,
    PrivacyRequestOut,
    PrivacyRequestQuery,
)
from services.identity.privacy_requests.service import (
    ClosingService,
    ErasureService,
    ExportService,
    PrivacyRequestService,
)

router = APIRouter(prefix="/privacy", tags=["privacy"])
READ, WRITE = allow("identity.privacy.read"), allow("identity.privacy.write")
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


def _serve(
    of: type[PrivacyRequestService], making: str, *risky: Any, refuses: tuple[type[AppError], ...] = ()
) -> None:
    """What exports and erasures have in common; `making` says what a new one does."""
    noun = of.kind.value
    service: Any = Depends(provide(of), scope="function")
    ident: Any = Path(alias=f"{noun}_id")
    one: dict[str, Any] = {"response_model": PrivacyRequestOut, "responses": problems(NotFound)}

    @router.get(
        f"/{noun}s",
        name=f"list_privacy_{noun}s",
        description=f"List {noun}s of people's data, newest first, each with the receipts of the services.",
        response_model=Page[PrivacyRequestOut],
        dependencies=[READ],
    )
    async def list_requests(
        query: Annotated[PrivacyRequestQuery, Query()], requests: PrivacyRequestService = service
    ) -> Any:
        return await requests.list(query)

    @router.post(
        f"/{noun}s",
        name=f"create_privacy_{noun}",
        description=making,
        response_model=PrivacyRequestOut,
        status_code=201,
        dependencies=[WRITE, *risky],
        responses=problems(NotFound, PermissionDenied, *refuses),
    )
    async def create_request(body: PrivacyRequestCreate, requests: PrivacyRequestService = service) -> Any:
        return await requests.create(body)

    @router.get(
        f"/{noun}s/{{{noun}_id}}",
        name=f"get_privacy_{noun}",
        description=f"Read one {noun}: how far it is, which service it waits for, and what each has done.",
        dependencies=[READ],
        **one,
    )
    async def get_request(request_id: UUID = ident, requests: PrivacyRequestService = service) -> Any:
        return await requests.get(request_id)

    @router.post(
        f"/{noun}s/{{{noun}_id}}/retry",
        name=f"retry_privacy_{noun}",
        description="Ask those services again at once that have not answered yet.",
        dependencies=[WRITE],
        **one,
    )
    async def retry_request(request_id: UUID = ident, requests: PrivacyRequestService = service) -> Any:
        return await requests.retry(request_id)


_serve(
    ExportService,
    "Collect what every service knows of a person; fetch it once `status` is `completed`.",
)
_serve(
    ErasureService,
    "Erase what every service knows of a person, and the exports of it. What the law asks to keep is kept, and the "
    "receipts say why. Who asks must have signed in lately.",
    recently_authenticated(),
    refuses=(OwnsABusiness, ReauthenticationRequired),
)

closings = APIRouter(prefix="/tenants/{tenant_id}/erasure", tags=["tenants"])
Closings = Annotated[ClosingService, Depends(provide_in_path_tenant(ClosingService), scope="function")]


@closings.get(
    "",
    response_model=ClosingOut,
    dependencies=[allow("identity.tenants.read")],
    responses=problems(NotFound),
)
async def get_tenant_erasure(tenant_id: UUID, closing: Closings) -> Any:
    """Read how far the erasure of what a closed business has is: it begins once the business was kept long enough."""
    return await closing.show()


Exports = Annotated[ExportService, Depends(provide(ExportService), scope="function")]


@router.get(
    "/exports/{export_id}/file",
    dependencies=[WRITE],
    response_class=StreamingResponse,
    responses={
        200: {"description": "By service and table", "content": {"application/json": _FILE}},
        **problems(NotFound, ExportNotReady),
    },
)
async def fetch_privacy_export(
    export_id: UUID, exports: Exports, context: Context, actor: CurrentActor
) -> StreamingResponse:
    """Fetch what was collected, until it expires. That somebody did is written in the audit log."""
    request, receipts = await exports.fetch(export_id)
    return StreamingResponse(
        lines(context, actor, request, receipts),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="privacy-export-{export_id}.json"',
            "Cache-Control": "no-store",
        },
    )
