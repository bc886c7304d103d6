"""The HTTP side of notices."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from libs.common.errors import NotFound, RateLimited, TenantRequired
from libs.common.http.deps import Context, CurrentActor, allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.notifications.deps import Notices
from services.notifications.notices.schemas import NoticeOut, NoticeQuery, ReadCount, UnreadCount
from services.notifications.notices.stream import stream_notices
from services.notifications.own import own_user_id

router = APIRouter(prefix="/notifications", tags=["notifications"])
READ, WRITE = allow("notifications.inbox.read"), allow("notifications.inbox.write")


@router.get("", response_model=Page[NoticeOut], dependencies=[READ])
async def list_notifications(query: Annotated[NoticeQuery, Query()], notices: Notices) -> Any:
    """List your own notifications, newest first."""
    return await notices.list(query)


@router.get("/unread-count", response_model=UnreadCount, dependencies=[READ])
async def count_unread_notifications(notices: Notices) -> Any:
    """Count your notifications that are neither read nor archived."""
    return await notices.count_unread()


@router.get(
    "/stream",
    dependencies=[READ],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events `ready` and `notification`; the id of each is its `seq`",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(RateLimited),
    },
)
async def stream_notifications(
    context: Context,
    actor: CurrentActor,
    last_event_id: Annotated[
        int | None,
        Query(ge=0, le=2**63 - 1, description="Begin after this event; the header comes first"),
    ] = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
) -> StreamingResponse:
    """Your notifications as they come. `Last-Event-ID` replays everything after that event, without gaps.

    Comments keep an idle stream open. It ends after a while, so that rights are checked anew: connect again.
    """
    if actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    user_id = own_user_id(actor, "an inbox", "notifications.inbox.read")
    feed = context.resources["feed"]
    feed.check_room(actor.tenant_id, user_id)
    last = int(header) if header is not None and _is_id(header) else last_event_id
    return StreamingResponse(
        stream_notices(context, feed, actor, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) < 2**63


@router.post("/read-all", response_model=ReadCount, dependencies=[WRITE])
async def read_all_notifications(notices: Notices) -> Any:
    """Mark all your notifications as read."""
    return await notices.read_all()


@router.get("/{notification_id}", response_model=NoticeOut, dependencies=[READ], responses=problems(NotFound))
async def get_notification(notification_id: UUID, notices: Notices) -> Any:
    """Read one of your notifications."""
    return await notices.get(notification_id)


@router.post(
    "/{notification_id}/read", response_model=NoticeOut, dependencies=[WRITE], responses=problems(NotFound)
)
async def read_notification(notification_id: UUID, notices: Notices) -> Any:
    """Mark a notification as read."""
    return await notices.read(notification_id)


@router.post(
    "/{notification_id}/archive", response_model=NoticeOut, dependencies=[WRITE], responses=problems(NotFound)
)
async def archive_notification(notification_id: UUID, notices: Notices) -> Any:
    """Put a notification away; `?archived=true` lists those."""
    return await notices.archive(notification_id)
