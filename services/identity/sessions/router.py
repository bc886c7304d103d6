"""The HTTP side of sessions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import NotFound, Unauthenticated
from libs.common.http.deps import CurrentActor, internal, provide_platform, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.errors import ActingAsAnother
from services.identity.auth.own import own_user_id
from services.identity.sessions.schemas import RevokeAll, Revoked, SessionOut, SessionQuery, SessionStatus
from services.identity.sessions.service import SessionService

router = APIRouter(prefix="/auth/sessions", tags=["sessions"], dependencies=[signed_in()])
management = APIRouter(prefix="/auth/session-management", tags=["sessions"], dependencies=[signed_in()])
for_services = APIRouter(prefix="/internal/sessions", include_in_schema=False)
Sessions = Annotated[SessionService, Depends(provide_platform(SessionService), scope="function")]


@router.get("", response_model=Page[SessionOut], responses=problems(ActingAsAnother))
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


@router.post("/revoke-all", response_model=Revoked, responses=problems(ActingAsAnother))
async def revoke_all_sessions(sessions: Sessions, actor: CurrentActor, body: RevokeAll | None = None) -> Any:
    """End all of one's own sessions."""
    keep = actor.session_id if body is not None and body.keep_current else None
    return {"revoked": await sessions.revoke_all(own_user_id(actor), "ended by the user", keep=keep)}


@router.delete("/{session_id}", status_code=204, responses=problems(NotFound, ActingAsAnother))
async def revoke_session(session_id: UUID, sessions: Sessions, actor: CurrentActor) -> None:
    """End one of one's own sessions."""
    own_user_id(actor)
    await sessions.revoke_own(session_id, "ended by the user")


@management.get("/status", response_model=SessionStatus, responses=problems(Unauthenticated))
async def get_session_status(sessions: Sessions) -> Any:
    """Read how long one's own session lasts without a request, when to warn, and its absolute end.

    Frontends may ask as often as they like: this is no sign of life and keeps no session from ending.
    """
    return await sessions.status()


@management.post("/extend", response_model=SessionStatus, responses=problems(Unauthenticated))
async def extend_session(sessions: Sessions) -> Any:
    """Say that somebody is still there: the idle time begins anew. The absolute end stays."""
    return await sessions.extend()


@for_services.get("/{session_id}/recent", dependencies=[internal()])
async def is_recent(session_id: UUID, sessions: Sessions) -> dict[str, bool]:
    """Say whether the person of a session has shown lately who he is."""
    return {"is_recent": await sessions.is_recent(session_id)}
