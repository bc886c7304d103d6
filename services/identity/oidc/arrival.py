"""Coming back from a provider, and trading what one came back with for a session.

What the sign-in is bound to is taken away before anything of the answer is looked at. No transaction is open while a
provider is asked.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.common.errors import AppError
from services.identity.auth.admission import Admission
from services.identity.auth.caller import Caller
from services.identity.auth.factor import FirstFactor
from services.identity.auth.schemas import TokensOut
from services.identity.oidc.binding import PURPOSE, cookie_name, hash_of, is_answered
from services.identity.oidc.client import OidcClient
from services.identity.oidc.errors import (
    CodeExpired,
    ConsentRefused,
    FlowExpired,
    ProviderRefused,
    TokenRefused,
)
from services.identity.oidc.id_token import (
    OutsideAccount,
    account_of,
    check_claims,
    read_header,
    signed_claims,
)
from services.identity.oidc.metadata import Metadata
from services.identity.oidc.models import OidcCode, OidcFlow, OidcLink
from services.identity.oidc.people import OutsidePeople
from services.identity.oidc.provider import Provider, same_provider
from services.identity.oidc.repository import FlowRepository
from services.identity.oidc.return_to import with_fields
from services.identity.oidc.schemas import CallbackQuery, ExchangeIn

_CODE_SECONDS = 300
# By which methods a provider knows the person is for it to know; RFC 8176 has no name for that it vouches.
AMR = ("fed",)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of a sign-in: a code for a session or a link, and where the browser goes with it."""

    return_to: str | None
    code: str | None = None
    link: OidcLink | None = None

    @property
    def url(self) -> str | None:
        """Where the browser goes; None where the answer is for it."""
        if self.return_to is None:
            return None
        fields = (
            {"code": self.code} if self.code else {"linked": self.link.provider_code if self.link else ""}
        )
        return with_fields(self.return_to, **fields)


class ArrivalFailed(Exception):
    """A sign-in came back and led to nothing; `url` is where the browser goes with that."""

    def __init__(self, error: AppError, return_to: str | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.url = with_fields(return_to, error=error.slug) if return_to is not None else None


class Arrivals:
    """The ways in of one caller."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.context = caller.context
        self.client = OidcClient.of(caller.context)

    async def arrive(self, code: str, query: CallbackQuery, cookies: dict[str, str]) -> Arrival:
        """Come back from a provider.

        Raises:
            FlowExpired: not in this browser, not at this provider, not now, or not again.
            ArrivalFailed: anything else.
        """
        if not query.state:
            raise FlowExpired
        browser = cookies.get(cookie_name(query.state), "")
        async with self.caller.unit_of_work() as uow:
            flow = await FlowRepository(uow).take(hash_of(query.state), hash_of(browser), code)
        if flow is None:
            raise FlowExpired
        try:
            return await self._arrive(flow, query)
        except AppError as error:
            raise ArrivalFailed(error, flow.return_to) from error

    async def exchange(self, body: ExchangeIn) -> TokensOut:
        """Trade a code for a session.

        Raises:
            CodeExpired: it is unknown, used or too old, or somebody else's.
            OtpRequired: a second factor is due.
        """
        async with self.caller.unit_of_work() as uow:
            found = await FlowRepository(uow).take_code(hash_of(body.code))
        # It is gone by now, so nobody tries verifiers.
        if found is None or not is_answered(found.code_challenge, body.code_verifier):
            raise CodeExpired
        first = FirstFactor(found.user_id, AMR, is_remembered=found.is_remembered)
        return await Admission(self.caller).admit(first)

    async def _arrive(self, flow: OidcFlow, query: CallbackQuery) -> Arrival:
        async with self.caller.unit_of_work() as uow:
            provider = await same_provider(uow, flow.provider_code, flow.provider_tenant_id)
        metadata = await self.client.metadata(provider)
        # RFC 9207: an answer that names its issuer must come from where we sent the browser.
        if query.iss is not None and query.iss != metadata.issuer:
            raise ProviderRefused("The answer is another provider's.")
        if query.iss is None and metadata.names_issuer:
            raise ProviderRefused("The answer does not say whose it is.")
        if query.error is not None:
            word = query.error if query.error.replace("_", "").isalnum() else "unknown"
            raise ConsentRefused(word[:60])
        if not query.code:
            raise ProviderRefused("The answer has no code.")
        account = await self._account(provider, metadata, flow, query.code)
        async with self.caller.unit_of_work() as uow:
            people = OutsidePeople(uow)
            if flow.user_id is not None:
                return Arrival(flow.return_to, link=await people.link(provider, account, flow))
            user = await people.sign_in(provider, account, flow.shop_id)
            traded = secrets.token_urlsafe(32)
            await FlowRepository(uow).add(
                OidcCode(
                    code_hash=hash_of(traded),
                    user_id=user.id,
                    code_challenge=flow.code_challenge,
                    is_remembered=flow.is_remembered,
                    created_at=uow.now,
                    expires_at=uow.now + timedelta(seconds=_CODE_SECONDS),
                )
            )
        return Arrival(flow.return_to, code=traded)

    async def _account(
        self, provider: Provider, metadata: Metadata, flow: OidcFlow, code: str
    ) -> OutsideAccount:
        verifier = self.context.keyring.decrypt(flow.sealed_verifier, purpose=PURPOSE)
        answer = await self.client.redeem(
            provider, metadata, code=code, verifier=verifier, redirect_uri=flow.redirect_uri
        )
        claims = await self._claims(provider, metadata, answer.get("id_token"))
        now = self.context.clock.now().timestamp()
        check_claims(claims, provider=provider, metadata=metadata, nonce_hash=flow.nonce_hash, now=now)
        access = answer.get("access_token")
        if not isinstance(claims.get("email"), str) and isinstance(access, str):
            more = await self.client.userinfo(provider, metadata, access)
            # Section 5.3.2 of the core: what is said of another person is not to be used.
            if more.get("sub") == claims["sub"]:
                told = ("email", "email_verified", "name", "given_name", "family_name", "locale")
                claims |= {name: more[name] for name in told if name in more}
        return account_of(provider, claims)

    async def _claims(self, provider: Provider, metadata: Metadata, token: Any) -> dict[str, Any]:
        header = read_header(token, metadata)
        since = self.context.clock.now().timestamp()
        claims = signed_claims(token, header, await self.client.keys(provider, metadata))
        if claims is None:
            # Its keys may be others by now, even under the same ids.
            keys = await self.client.keys(provider, metadata, read_after=since)
            claims = signed_claims(token, header, keys)
        if claims is None:
            raise TokenRefused("The ID token is signed with no key of the provider's.")
        return claims
