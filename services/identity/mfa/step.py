"""The second step of a sign-in: is a second factor due, and does the code hold?"""

from enum import Enum, auto
from uuid import UUID

from libs.common.runtime.context import ServiceContext
from services.identity.attempts.guard import Attempt
from services.identity.mfa.service import SecondFactorService


class Step(Enum):
    """What came of the second step."""

    NOT_DUE = auto()
    PASSED = auto()
    DUE = auto()
    WRONG = auto()

    def settle(self, attempt: Attempt) -> None:
        """Say what the attempt came to. One that waits for its code is neither a failure nor a success: otherwise who
        knows the password could wipe his wrong codes away with it."""
        attempt.succeeded = {Step.DUE: None, Step.WRONG: False}.get(self, True)


async def second_step(context: ServiceContext, user_id: UUID, otp: str | None) -> Step:
    """Look at the second factor of a person who has shown a first one, and use the code up."""
    async with context.unit_of_work(platform=True) as uow:
        factors = SecondFactorService(uow)
        if not await factors.is_enabled(user_id):
            return Step.NOT_DUE
        if otp is None:
            return Step.DUE
        return Step.PASSED if await factors.use(user_id, otp) else Step.WRONG
