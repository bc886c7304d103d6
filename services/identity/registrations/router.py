"""The HTTP side of registrations: applying, and what there is of an application."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from libs.common.errors import NotFound, PermissionDenied, TenantRequired, ValidationFailed
from libs.common.http.deps import allow, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import EmailTaken
from services.identity.passwords.policy import WeakPassword
from services.identity.registrations.flows import register
from services.identity.registrations.provisioning.schemas import ProvisioningOut
from services.identity.registrations.requirements.errors import (
    AnswerRefused,
    DocumentRefused,
    NotAskedFor,
    TooManyDocuments,
)
from services.identity.registrations.requirements.schemas import (
    ChecksOut,
    DocumentIn,
    DocumentOut,
    DocumentQuery,
    FieldsIn,
    NeedsOut,
)
from services.identity.registrations.schemas import (
    RegisterIn,
    RegisterOut,
    RegistrationCounts,
    RegistrationDetail,
    RegistrationOut,
    RegistrationQuery,
)
from services.identity.registrations.service import RegistrationService
from services.identity.registrations.timeline.schemas import TimelineOut, TimelineQuery

router = APIRouter(tags=["registrations"])
Registrations = Annotated[
    RegistrationService, Depends(provide_platform(RegistrationService), scope="function")
]
READ = allow("identity.registrations.read")
ONE = "/registrations/{registration_id}"


@router.post(
    "/auth/register",
    response_model=RegisterOut,
    status_code=201,
    dependencies=[public()],
    responses=problems(EmailTaken, WeakPassword, NotAskedFor, AnswerRefused),
)
async def register_business(body: RegisterIn, caller: CurrentCaller) -> Any:
    """Apply to join the platform: make an account and a business, which waits for approval."""
    return await register(caller, body)


@router.get("/registrations", response_model=Page[RegistrationOut], dependencies=[READ])
async def list_registrations(
    query: Annotated[RegistrationQuery, Query()], registrations: Registrations
) -> Any:
    """List applications, newest first."""
    return await registrations.list(query)


@router.get("/registrations/counts", response_model=RegistrationCounts, dependencies=[READ])
async def count_registrations(registrations: Registrations) -> Any:
    """Count applications by status, and of the open ones yours, nobody's, and those that are late."""
    return await registrations.counts()


@router.get(
    "/registrations/current",
    response_model=RegistrationDetail | None,
    dependencies=[signed_in()],
    responses=problems(TenantRequired, PermissionDenied),
)
async def get_current_registration(registrations: Registrations) -> Any:
    """Read the application of the business acted in; null for one that was set up without."""
    found = await registrations.current()
    return None if found is None else await registrations.detail(found)


@router.get(ONE, response_model=RegistrationDetail, dependencies=[signed_in()], responses=problems(NotFound))
async def get_registration(registration_id: UUID, registrations: Registrations) -> Any:
    """Read one application and what it needs: staff any, the applicant its own."""
    return await registrations.detail(await registrations.get(registration_id))


@router.get(
    f"{ONE}/timeline",
    response_model=Page[TimelineOut],
    dependencies=[signed_in()],
    responses=problems(NotFound),
)
async def list_registration_timeline(
    registration_id: UUID, query: Annotated[TimelineQuery, Query()], registrations: Registrations
) -> Any:
    """List what happened to an application, newest first; the applicant sees what concerns him."""
    return await registrations.timeline(registration_id, query)


@router.get(
    f"{ONE}/requirements", response_model=NeedsOut, dependencies=[signed_in()], responses=problems(NotFound)
)
async def list_registration_needs(registration_id: UUID, registrations: Registrations) -> Any:
    """List what the application needs and what of it is there."""
    return await registrations.needs(registration_id)


@router.get(f"{ONE}/checks", response_model=ChecksOut, dependencies=[READ], responses=problems(NotFound))
async def list_registration_checks(registration_id: UUID, registrations: Registrations) -> Any:
    """List the newest result of each check of the present round."""
    return await registrations.checks(registration_id)


@router.patch(
    f"{ONE}/fields",
    response_model=NeedsOut,
    dependencies=[signed_in()],
    responses=problems(NotFound, PermissionDenied, NotAskedFor, AnswerRefused),
)
async def answer_registration_fields(
    registration_id: UUID, body: FieldsIn, registrations: Registrations
) -> Any:
    """Answer required fields, as the applicant: what is missing, or anything once changes were requested."""
    return await registrations.answer(registration_id, body)


@router.get(
    f"{ONE}/documents",
    response_model=Page[DocumentOut],
    dependencies=[signed_in()],
    responses=problems(NotFound),
)
async def list_registration_documents(
    registration_id: UUID, query: Annotated[DocumentQuery, Query()], registrations: Registrations
) -> Any:
    """List the documents of an application, newest first."""
    return await registrations.documents(registration_id, query)


@router.post(
    f"{ONE}/documents",
    response_model=DocumentOut,
    status_code=201,
    dependencies=[signed_in()],
    responses=problems(
        NotFound, PermissionDenied, NotAskedFor, TooManyDocuments, DocumentRefused, ValidationFailed
    ),
)
async def hand_in_registration_document(
    registration_id: UUID, body: DocumentIn, registrations: Registrations
) -> Any:
    """Hand in a document for a requirement, as the applicant. Its type is told by its content."""
    return await registrations.hand_in(registration_id, body)


@router.get(
    f"{ONE}/documents/{{document_id}}",
    response_model=DocumentOut,
    dependencies=[signed_in()],
    responses=problems(NotFound),
)
async def get_registration_document(
    registration_id: UUID, document_id: UUID, registrations: Registrations
) -> Any:
    """Read what a document is."""
    return await registrations.document(registration_id, document_id)


@router.get(
    f"{ONE}/documents/{{document_id}}/content",
    dependencies=[signed_in()],
    response_class=Response,
    responses={
        200: {
            "description": "The bytes as they were handed in",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("application/pdf", "image/png", "image/jpeg")
            },
        },
        **problems(NotFound),
    },
)
async def download_registration_document(
    registration_id: UUID, document_id: UUID, registrations: Registrations
) -> Response:
    """The document itself, to save."""
    found = await registrations.document(registration_id, document_id)
    return Response(
        found.content,
        media_type=found.content_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename)}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.get(
    f"{ONE}/provisioning", response_model=ProvisioningOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_registration_provisioning(registration_id: UUID, registrations: Registrations) -> Any:
    """How far the setting up of an approved business is, step by step."""
    return await registrations.provisioning(registration_id)


@router.post(
    f"{ONE}/provisioning/retry",
    response_model=ProvisioningOut,
    dependencies=[allow("identity.registrations.decide")],
    responses=problems(NotFound),
)
async def retry_registration_provisioning(registration_id: UUID, registrations: Registrations) -> Any:
    """Try the steps that are not done again now."""
    return await registrations.retry_provisioning(registration_id)
