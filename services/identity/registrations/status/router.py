"""The HTTP side of following an application by its link."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path
from fastapi.responses import StreamingResponse

from libs.common.errors import NotFound, RateLimited
from libs.common.http.deps import Context, PlatformUow, internal, public
from libs.common.http.problems import problems
from services.identity.invitations.schemas import RevealIn, RevealOut
from services.identity.registrations.status.links import followed, reveal
from services.identity.registrations.status.schemas import StatusOut
from services.identity.registrations.status.stream import read, stream_status
from services.identity.registrations.status.view import status_of

router = APIRouter(prefix="/registrations/status", tags=["registrations"])
for_services = APIRouter(prefix="/internal/registrations", include_in_schema=False)
Token = Annotated[str, Path(min_length=1, max_length=200, description="From the link in the mail")]


@router.get("/{token}", response_model=StatusOut, dependencies=[public()], responses=problems(NotFound))
async def get_registration_status(token: Token, uow: PlatformUow) -> Any:
    """Where an application stands, what is missing, and what was said, for whoever holds the link."""
    return await status_of(uow, await followed(uow, token))


@router.get(
    "/{token}/stream",
    dependencies=[public()],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events `status`, the first at once; `gone` when the link is no longer good",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(NotFound, RateLimited),
    },
)
async def stream_registration_status(
    token: Token,
    context: Context,
    last_event_id: Annotated[
        str | None, Header(description="The last event seen; it is not shown again")
    ] = None,
) -> StreamingResponse:
    """The same as it changes. Comments keep an idle stream open; it ends after a while: connect again."""
    seat = context.resources["status_streams"].take(token)
    # A link that is not good is an error, not a stream.
    await read(context, token)
    return StreamingResponse(
        stream_status(context, seat, token, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@for_services.post("/{registration_id}/reveal", response_model=RevealOut, dependencies=[internal()])
async def reveal_status_link(registration_id: UUID, body: RevealIn, uow: PlatformUow) -> Any:
    """Name the address behind the link of an application at the moment its mail is sent."""
    return {"url": await reveal(uow, registration_id, body.email)}
