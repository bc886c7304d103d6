"""The HTTP side of second factors."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.errors import ReauthenticationRequired
from libs.common.http.deps import CurrentActor, PlatformUow, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.contracts.identity import AccessChanged
from services.identity.attempts.errors import TooManyAttempts
from services.identity.auth.admission import Admission
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import ActingAsAnother, InvalidCredentials
from services.identity.auth.own import own_user_id
from services.identity.auth.recent import recently_authenticated
from services.identity.auth.schemas import TokensOut
from services.identity.mfa.errors import MfaTokenInvalid, OtpInvalid, TotpEnabled, TotpNotEnabled, WrongOtp
from services.identity.mfa.schemas import (
    MfaVerify,
    RecoveryCodes,
    RecoveryCodesState,
    TotpConfirm,
    TotpConfirmed,
    TotpEnrolment,
    TotpState,
)
from services.identity.mfa.service import SecondFactorService
from services.identity.sessions.repository import SessionRepository

router = APIRouter(prefix="/auth/mfa", tags=["second factors"])
Factors = Annotated[SecondFactorService, Depends(provide_platform(SecondFactorService), scope="function")]
OWN, RISKY = [signed_in()], [signed_in(), recently_authenticated()]


@router.post(
    "/verify",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(MfaTokenInvalid, OtpInvalid, InvalidCredentials, TooManyAttempts),
)
async def verify_second_factor(body: MfaVerify, caller: CurrentCaller) -> Any:
    """Finish a sign-in that answered `otp-required` with an `mfa_token`."""
    return await Admission(caller).verify(body.mfa_token, body.otp)


@router.get("/totp", response_model=TotpState, dependencies=OWN, responses=problems(ActingAsAnother))
async def get_totp(factors: Factors, actor: CurrentActor) -> Any:
    """Read whether an authenticator app is set up."""
    return await factors.state(own_user_id(actor))


@router.post(
    "/totp",
    response_model=TotpEnrolment,
    status_code=201,
    dependencies=RISKY,
    responses=problems(TotpEnabled, ReauthenticationRequired, ActingAsAnother),
)
async def enrol_totp(factors: Factors, actor: CurrentActor) -> Any:
    """Begin to set an authenticator app up. It is asked for at sign-in once a code of it has confirmed it."""
    return await factors.enrol(own_user_id(actor))


@router.post(
    "/totp/confirm",
    response_model=TotpConfirmed,
    # Or else who has a stolen session could guess on at an app that is not confirmed yet, for its recovery codes.
    dependencies=RISKY,
    responses=problems(WrongOtp, TotpEnabled, TotpNotEnabled, ReauthenticationRequired, ActingAsAnother),
)
@router.post("/totp/verify", response_model=TotpConfirmed, dependencies=RISKY, include_in_schema=False)
async def confirm_totp(body: TotpConfirm, factors: Factors, actor: CurrentActor, uow: PlatformUow) -> Any:
    """Confirm the authenticator app with a code of it. From now on sign-in asks for one; the answer has recovery codes."""
    confirmed = await factors.confirm(own_user_id(actor), body.code)
    if actor.session_id is not None:
        session = await SessionRepository(uow).get(actor.session_id, lock=True)
        if session is not None:
            session.show("otp")
            await uow.flush()
    uow.emit(AccessChanged.of(user_id=actor.user_id), tenant_id=actor.home_tenant_id or OPERATOR_TENANT_ID)
    return confirmed


@router.delete(
    "/totp",
    status_code=204,
    dependencies=RISKY,
    responses=problems(ReauthenticationRequired, ActingAsAnother),
)
async def disable_totp(factors: Factors, actor: CurrentActor) -> None:
    """Remove the authenticator app and the recovery codes: sign-in asks for a password only."""
    await factors.disable(own_user_id(actor))


@router.get(
    "/recovery-codes",
    response_model=RecoveryCodesState,
    dependencies=OWN,
    responses=problems(ActingAsAnother),
)
async def get_recovery_codes(factors: Factors, actor: CurrentActor) -> Any:
    """Read how many recovery codes are left; the codes themselves are not kept."""
    return {"left": await factors.rows.codes_left(own_user_id(actor))}


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodes,
    status_code=201,
    dependencies=RISKY,
    responses=problems(TotpNotEnabled, ReauthenticationRequired, ActingAsAnother),
)
async def renew_recovery_codes(factors: Factors, actor: CurrentActor) -> Any:
    """Make ten new recovery codes; those before are good no more."""
    return {"codes": await factors.renew_codes(own_user_id(actor))}
