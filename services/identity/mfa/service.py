"""The rules of second factors, in the platform scope."""

from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.audit import change_recorded
from services.identity.mfa.codes import (
    RECOVERY_CODES,
    is_one_time_code,
    matching_step,
    new_recovery_code,
    new_seed,
    otpauth_uri,
    picture_of,
    plain,
    recovery_hash,
)
from services.identity.mfa.errors import TotpEnabled, TotpNotEnabled, WrongOtp
from services.identity.mfa.models import TotpFactor
from services.identity.mfa.repository import SecondFactorRepository
from services.identity.mfa.schemas import TotpConfirmed, TotpEnrolment, TotpState
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


def purpose(user_id: UUID) -> str:
    """What a seed is encrypted for: put into the row of somebody else it cannot be read."""
    return f"totp_factors.seed:{user_id}"


class SecondFactorService:
    """Authenticator apps and recovery codes of people."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SecondFactorRepository(uow)

    async def is_enabled(self, user_id: UUID) -> bool:
        """Whether a person must show a second factor."""
        return await self.rows.is_enabled(user_id)

    async def state(self, user_id: UUID) -> TotpState:
        """What a person has set up."""
        factor = await self.rows.totp(user_id)
        confirmed_at = factor.confirmed_at if factor is not None else None
        return TotpState(
            is_enabled=confirmed_at is not None,
            confirmed_at=confirmed_at,
            recovery_codes_left=await self.rows.codes_left(user_id),
        )

    async def enrol(self, user_id: UUID) -> TotpEnrolment:
        """A new seed, which takes the place of one that was never confirmed.

        Raises:
            TotpEnabled: an app is set up already.
        """
        user = await self._locked(user_id)
        factor = await self.rows.totp(user_id, lock=True)
        if factor is not None and factor.confirmed_at is not None:
            raise TotpEnabled
        seed = new_seed()
        sealed = self.uow.context.keyring.encrypt(seed, purpose=purpose(user_id))
        if factor is None:
            await self.rows.add(TotpFactor(id=user_id, seed=sealed, created_at=self.uow.now))
        else:
            factor.seed, factor.created_at = sealed, self.uow.now
        self._record("second_factor_begun", user)
        uri = otpauth_uri(seed, user.email, self.uow.context.settings.otp_issuer)
        return TotpEnrolment(secret=seed, otpauth_uri=uri, qr_svg=picture_of(uri))

    async def confirm(self, user_id: UUID, code: str) -> TotpConfirmed:
        """Let the app count from now on, and make recovery codes.

        Raises:
            TotpEnabled, TotpNotEnabled: it counts already, or there is none.
            WrongOtp: the code is not of this app.
        """
        user = await self._locked(user_id)
        factor = await self.rows.totp(user_id, lock=True)
        if factor is None:
            raise TotpNotEnabled
        if factor.confirmed_at is not None:
            raise TotpEnabled
        step = matching_step(self._seed(factor), plain(code), self.uow.now, None)
        if step is None:
            raise WrongOtp
        factor.confirmed_at, factor.last_step = self.uow.now, step
        codes = await self._new_codes(user_id)
        self._record("second_factor_enabled", user)
        return TotpConfirmed(
            is_enabled=True,
            confirmed_at=factor.confirmed_at,
            recovery_codes_left=len(codes),
            recovery_codes=codes,
        )

    async def disable(self, user_id: UUID) -> None:
        """Remove the app of a person, and the recovery codes; without one nothing happens."""
        user = await self._locked(user_id)
        factor = await self.rows.totp(user_id, lock=True)
        if factor is None:
            return
        await self.rows.remove(user_id)
        if factor.confirmed_at is not None:
            self._record("second_factor_disabled", user)

    async def renew_codes(self, user_id: UUID) -> list[str]:
        """New recovery codes, in place of all there were.

        Raises:
            TotpNotEnabled: there is no app that they could stand in for.
        """
        user = await self._locked(user_id)
        if not await self.is_enabled(user_id):
            raise TotpNotEnabled
        codes = await self._new_codes(user_id)
        self._record("recovery_codes_renewed", user)
        return codes

    async def use(self, user_id: UUID, otp: str) -> bool:
        """Take a code of the app or a recovery code, once; False where it is wrong or was used before.

        The row of the app is locked, so of several who show one code at once a single one is let through.
        """
        factor = await self.rows.totp(user_id, lock=True)
        if factor is None or factor.confirmed_at is None:
            return False
        code = plain(otp)
        if is_one_time_code(code):
            step = matching_step(self._seed(factor), code, self.uow.now, factor.last_step)
            if step is not None:
                factor.last_step = step
                await self.uow.session.flush()
            return step is not None
        if not await self.rows.use_code(user_id, recovery_hash(code), self.uow.now):
            return False
        user = await UserRepository(self.uow).get(user_id)
        if user is not None:
            self._record("recovery_code_used", user)
        return True

    async def _new_codes(self, user_id: UUID) -> list[str]:
        codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
        await self.rows.replace_codes(user_id, map(recovery_hash, codes), self.uow.now)
        return codes

    async def _locked(self, user_id: UUID) -> User:
        user = await UserRepository(self.uow).get(user_id, lock=True)
        if user is None:
            raise TotpNotEnabled
        return user

    def _seed(self, factor: TotpFactor) -> str:
        return self.uow.context.keyring.decrypt(factor.seed, purpose=purpose(factor.id))

    def _record(self, action: str, user: User) -> None:
        event = change_recorded("identity", action, "user", user.id, None, None)
        self.uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)
