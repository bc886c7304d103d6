"""The HTTP side of messages."""

from fastapi import APIRouter
from fastapi.responses import Response

from libs.common.errors import IdempotencyKeyReused, PlanLimitReached, TenantNotActive
from libs.common.http.deps import allow
from libs.common.http.idempotency import OptionallyIdempotent
from libs.common.http.limits import metered
from libs.common.http.problems import problems
from services.notifications.deps import Messages
from services.notifications.messages.errors import NoText, Unreachable
from services.notifications.messages.schemas import MessageOut, MessageSend

router = APIRouter(prefix="/messages", tags=["messages"])
WRITE = allow("notifications.messages.write", active=True)


@router.post(
    "",
    response_model=MessageOut,
    status_code=202,
    dependencies=[WRITE, metered("notifications.messages")],
    responses=problems(IdempotencyKeyReused, Unreachable, NoText, TenantNotActive, PlanLimitReached),
)
async def send_message(body: MessageSend, idempotency: OptionallyIdempotent, messages: Messages) -> Response:
    """Send one mail or push to one person."""
    return await idempotency.run(lambda: messages.send(body), MessageOut, status=202)
