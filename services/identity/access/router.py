"""What the gateway asks identity."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from libs.common.http.deps import internal, provide_platform
from services.identity.access.schemas import (
    AuthenticateIn,
    AuthenticateOut,
    StandingIn,
    StandingOut,
    UnpublishedOut,
)
from services.identity.access.service import AccessService

router = APIRouter(prefix="/internal", include_in_schema=False)
Access = Annotated[AccessService, Depends(provide_platform(AccessService), scope="function")]


@router.post("/authenticate", response_model=AuthenticateOut, dependencies=[internal()])
async def authenticate(body: AuthenticateIn, access: Access) -> Any:
    """Name the actor of a request whose credential the gateway has verified."""
    answer = await access.authenticate(body)
    return {"actor": answer.actor.to_json(), "seconds": answer.seconds}


@router.get("/access/unpublished", response_model=UnpublishedOut, dependencies=[internal()])
async def list_unpublished(access: Access) -> Any:
    """List the changes of rights that gateways could not hear of yet, since the bus does not have them."""
    return await access.unpublished()


@router.post("/access/standing", response_model=StandingOut, dependencies=[internal()])
async def get_standing(body: StandingIn, access: Access) -> Any:
    """Say what somebody may do in a business who is not signed in: what acts in his name may do no more."""
    actor, time_zone = await access.standing(body.user_id, body.company_id)
    return {"actor": actor.to_json(), "time_zone": time_zone}
