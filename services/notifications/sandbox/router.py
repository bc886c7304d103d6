"""The HTTP side of simulated pushes."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.common.pagination import Page
from services.notifications.deps import Sandbox
from services.notifications.sandbox.schemas import SandboxMessageOut, SandboxQuery

router = APIRouter(prefix="/fcm/sandbox", tags=["sandbox"])
READ = allow("notifications.mailbox.read")


@router.get("/messages", response_model=Page[SandboxMessageOut], dependencies=[READ])
async def list_sandbox_messages(query: Annotated[SandboxQuery, Query()], sandbox: Sandbox) -> Any:
    """List pushes that the FCM simulator took because no service account is configured."""
    return await sandbox.list(query)
