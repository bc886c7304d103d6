"""Who proves the address of an account that somebody may have made in advance gets it alone."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from libs.common.ids import new_id
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.auth.factor import FirstFactor
from services.identity.auth.ticket import seal
from services.identity.mfa.models import RecoveryCode, TotpFactor
from services.identity.oidc.models import OidcCode, OidcLink
from services.identity.one_time_links.models import LinkPurpose
from services.identity.passkeys.models import Passkey
from services.identity.tests.mfa.apps import WithApp
from services.identity.tests.one_time_links.mailed import token

NEW = "an entirely new one"
RESET, VERIFY, MAGIC = LinkPurpose.PASSWORD_RESET, LinkPurpose.EMAIL_VERIFICATION, LinkPurpose.MAGIC_LINK
_PATHS = {RESET: "/auth/password/forgot", MAGIC: "/auth/magic-link"}


class Squatter:
    """Somebody who has made an account with an address of another, and every way into it that there is."""

    def __init__(self, platform: Any, app: WithApp, access: str, personal: str) -> None:
        self.platform = platform
        self.app = app
        self.email = app.owner.email
        self.access = access
        self.personal = personal

    @classmethod
    async def of(cls, platform: Any) -> "Squatter":
        """Make it all."""
        owner = await platform.business()
        tokens = await platform.login(owner.email)
        credentials = {"username": owner.email, "password": owner.password}
        personal = (await platform.post("/auth/token", credentials)).json()["token"]
        app = await WithApp.of(platform, owner)
        platform.context.clock.advance(seconds=30)
        async with platform.context.unit_of_work(platform=True) as uow:
            uow.session.add_all(
                [
                    OidcLink(
                        user_id=owner.user_id,
                        issuer="https://i.example",
                        subject=new_id().hex,
                        provider_code="any",
                    ),
                    OidcCode(
                        code_hash=new_id().bytes,
                        user_id=owner.user_id,
                        created_at=uow.now,
                        expires_at=uow.now + timedelta(seconds=300),
                    ),
                    Passkey(
                        user_id=owner.user_id,
                        name="Mine",
                        rp_id="localhost",
                        credential_id=new_id().bytes,
                        public_key=b"key",
                        user_handle=new_id().bytes,
                        sign_count=0,
                        transports=[],
                        device_type="multi_device",
                        is_backed_up=True,
                        aaguid="0",
                    ),
                ]
            )
        return cls(platform, app, tokens["access"], personal)

    async def mailed(self, purpose: LinkPurpose) -> str:
        """The token in the mail that comes to whose address it is."""
        if purpose is VERIFY:
            return await token(self.platform.context, self.email, purpose, self.app.owner.company_id)
        assert (await self.platform.post(_PATHS[purpose], {"email": self.email})).status_code == 202
        return await token(self.platform.context, self.email, purpose)

    async def ways_in(self) -> set[str]:
        """What opens the account still, beside the password."""
        user_id = self.app.owner.user_id
        found = set()
        async with self.platform.context.unit_of_work(platform=True) as uow:
            for model in (TotpFactor, RecoveryCode, OidcLink, OidcCode, Passkey):
                owner = model.id if model is TotpFactor else model.user_id
                if await uow.session.scalar(select(func.count()).where(owner == user_id)):
                    found.add(model.__tablename__)
        if (await self.platform.authenticate(self.access)).status_code == 200:
            found.add("session")
        credential = {"kind": "token", "token": self.personal}
        if (await self.platform.authenticate(None, credential=credential)).status_code == 200:
            found.add("personal token")
        return found


EVERY = {
    "totp_factors",
    "recovery_codes",
    "oidc_links",
    "oidc_codes",
    "passkeys",
    "session",
    "personal token",
}


async def test_a_reset_leaves_nothing_of_whoever_made_the_account(future: Any) -> None:
    squatter = await Squatter.of(future)
    assert await squatter.ways_in() == EVERY
    ticket = seal(future.context, FirstFactor(squatter.app.owner.user_id, ("fed",)))
    magic, reset = await squatter.mailed(MAGIC), await squatter.mailed(RESET)

    body = {"token": reset, "new_password": NEW}
    assert (await future.post("/auth/password/reset", body)).status_code == 204

    assert await squatter.ways_in() == set()
    me = await future.signed_in(squatter.email, NEW)
    assert (await me.get("/auth/me")).json()["email_verified"] is True
    assert (await squatter.app.login(squatter.app.code())).status_code == 401
    assert (await future.post("/auth/magic-link/redeem", {"token": magic})).status_code == 400
    # A sign-in that waited for the second factor, which is gone, does not go on without one.
    late = await future.post("/auth/mfa/verify", {"mfa_token": ticket, "otp": squatter.app.code()})
    assert (late.status_code, late.json()["slug"]) == (401, "mfa-token-invalid")
    written = await emitted(future.context, squatter.app.owner.company_id, CHANGE_RECORDED["identity"])
    assert [e.data["before"] for e in written if e.data["action"] == "taken_over"] == [{"has_password": True}]


async def test_what_was_set_up_stays_where_the_address_was_proven(future: Any) -> None:
    person = await Squatter.of(future)
    proof = await person.mailed(VERIFY)
    assert (await future.post("/auth/email/verify", {"token": proof})).status_code == 200
    # Proving it ends nothing either.
    assert await person.ways_in() == EVERY

    body = {"token": await person.mailed(RESET), "new_password": NEW}
    assert (await future.post("/auth/password/reset", body)).status_code == 204

    assert await person.ways_in() == EVERY - {"session", "personal token"}
    assert (await person.app.login(password=NEW)).json()["slug"] == "otp-required"


async def test_a_link_by_mail_takes_the_account_over_unless_its_second_factor_is_shown(future: Any) -> None:
    person = await Squatter.of(future)
    body = {"token": await person.mailed(MAGIC)}
    assert (await future.post("/auth/magic-link/redeem", body)).json()["slug"] == "otp-required"
    shown = await future.post("/auth/magic-link/redeem", {**body, "otp": person.app.code()})
    assert shown.status_code == 200
    assert await person.ways_in() == EVERY

    other = await Squatter.of(future)
    async with future.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(delete(TotpFactor).where(TotpFactor.id == other.app.owner.user_id))
    body = {"token": await other.mailed(MAGIC)}
    taken = await future.post("/auth/magic-link/redeem", body)
    assert taken.status_code == 200, taken.text
    assert await other.ways_in() == set()
    assert (await future.authenticate(taken.json()["access"])).status_code == 200
    assert (await other.app.login()).status_code == 401


async def test_a_passkey_that_is_on_its_way_while_the_session_ends_comes_too_late(platform: Any) -> None:
    owner = await platform.business()
    device, me = Authenticator("http://127.0.0.1:8000"), await platform.signed_in(owner.email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    # The gateway let the request in a moment ago.
    assert (await platform.anyone.acting(me.actor).post("/auth/sessions/revoke-all")).status_code == 200

    late = await me.post("/auth/passkeys/register/verify", json={"credential": device.create(options)})

    assert (late.status_code, late.json()["slug"]) == (401, "unauthenticated")
