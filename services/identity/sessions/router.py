"""The HTTP side of sessions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import NotFound
from libs.common.http.deps import CurrentActor, provide_platform, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.own import own_user_id
from services.identity.sessions.schemas import RevokeAll, Revoked, SessionOut, SessionQuery
from services.identity.sessions.service import SessionService

router = APIRouter(prefix="/auth/sessions", tags=["sessions"], dependencies=[signed_in()])
Sessions = Annotated[SessionService, Depends(provide_platform(SessionService), scope="function")]


@router.get("", response_model=Page[SessionOut])
async def list_sessions(
    query: Annotated[SessionQuery, Query()], sessions: Sessions, actor: CurrentActor
) -> Any:
    """List one's own live sessions, newest first."""
    own_user_id(actor)
    page = await sessions.list(query)
    items = [SessionOut.model_validate(row) for row in page["items"]]
    for item in items:
        item.is_current = item.id == actor.session_id
    return {**page, "items": items}


@router.post("/revoke-all", response_model=Revoked)
async def revoke_all_sessions(sessions: Sessions, actor: CurrentActor, body: RevokeAll | None = None) -> Any:
    """End all of one's own sessions."""
    keep = actor.session_id if body is not None and body.keep_current else None
    return {"revoked": await sessions.revoke_all(own_user_id(actor), "ended by the user", keep=keep)}


@router.delete("/{session_id}", status_code=204, responses=problems(NotFound))
async def revoke_session(session_id: UUID, sessions: Sessions, actor: CurrentActor) -> None:
    """End one of one's own sessions."""
    own_user_id(actor)
    await sessions.revoke_own(session_id, "ended by the user")
