"""A person with an authenticator app, for the tests of whatever a second factor is asked for."""

from dataclasses import dataclass, field
from typing import Any

import pyotp

from libs.common.testing.client import Client
from services.identity.tests.outsiders import Platform, Registered


@dataclass
class WithApp:
    """An owner whose app is set up on the clock of a platform."""

    platform: Platform
    owner: Registered
    client: Client
    seed: str
    recovery_codes: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, platform: Platform, owner: Registered | None = None) -> "WithApp":
        """Set an app up."""
        owner = owner or await platform.business()
        client = await platform.signed_in(owner.email)
        enrolled = (await client.post("/auth/mfa/totp")).json()
        made = cls(platform, owner, client, enrolled["secret"])
        confirmed = await client.post("/auth/mfa/totp/confirm", json={"code": made.code()})
        assert confirmed.status_code == 200, confirmed.text
        made.recovery_codes = confirmed.json()["recovery_codes"]
        return made

    def code(self, steps: int = 0) -> str:
        """What the app shows now, or some steps later."""
        now = self.platform.context.clock.now().timestamp()
        return pyotp.TOTP(self.seed).at(int(now) + 30 * steps)

    async def login(self, otp: str | None = None, password: str | None = None, **headers: str) -> Any:
        """Try to sign in."""
        body = {"email": self.owner.email, "password": password or self.owner.password}
        return await self.platform.post("/auth/login", body | ({"otp": otp} if otp else {}), **headers)
