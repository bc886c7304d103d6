"""The HTTP side of sign-in policies."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.errors import NotFound, PermissionDenied, PreconditionFailed, ReauthenticationRequired
from libs.common.http.deps import provide_platform, signed_in
from libs.common.http.problems import problems
from services.identity.auth.recent import recently_authenticated
from services.identity.sign_in_policies.schemas import SignInPolicyOut, SignInPolicyPut
from services.identity.sign_in_policies.service import SignInPolicyService

router = APIRouter(prefix="/tenants/{tenant_id}/sign-in-policy", tags=["tenants"])
Policies = Annotated[SignInPolicyService, Depends(provide_platform(SignInPolicyService), scope="function")]


@router.get("", response_model=SignInPolicyOut, dependencies=[signed_in()], responses=problems(NotFound))
async def get_sign_in_policy(tenant_id: UUID, policies: Policies) -> Any:
    """Read what a business asks of the sign-ins of those who work in it."""
    return await policies.get(tenant_id)


@router.put(
    "",
    response_model=SignInPolicyOut,
    dependencies=[signed_in(), recently_authenticated()],
    responses=problems(NotFound, PermissionDenied, PreconditionFailed, ReauthenticationRequired),
)
async def replace_sign_in_policy(tenant_id: UUID, body: SignInPolicyPut, policies: Policies) -> Any:
    """Say what a business asks of sign-ins: its owner, or staff.

    It counts for sessions that run already, within a second. Who does not fulfil it can still sign in, set a second
    factor up and sign out; in the business everything else answers 403 `second-factor-required`,
    `sign-in-method-not-allowed` or `address-not-allowed`.
    """
    return await policies.put(tenant_id, body)
