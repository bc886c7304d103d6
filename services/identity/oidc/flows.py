"""Leaving for a provider, coming back, and trading what one came back with for a session.

A sign-in is bound to one browser, one provider and one answer (RFC 9700): its state, nonce and PKCE verifier are kept here,
and are taken away before anything of the answer is looked at. No transaction is open while a provider is asked.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, Unauthenticated
from services.identity.auth.admission import Admission
from services.identity.auth.caller import Caller
from services.identity.auth.factor import FirstFactor
from services.identity.auth.own import own_user_id
from services.identity.auth.schemas import TokensOut
from services.identity.domains.hosts import tenant_at
from services.identity.oidc.client import OidcClient
from services.identity.oidc.errors import (
    CodeExpired,
    ConsentRefused,
    FlowExpired,
    LinkAtPlatform,
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
from services.identity.oidc.people import OutsidePeople, trading
from services.identity.oidc.provider import Provider, find_provider, providers_of, same_provider
from services.identity.oidc.repository import FlowRepository
from services.identity.oidc.return_to import check_return, with_fields
from services.identity.oidc.schemas import CallbackQuery, ExchangeIn, LinkStart, StartQuery
from services.identity.oidc_providers.models import ProviderKind
from services.identity.tenants.repository import TenantRepository

FLOW_SECONDS = 600
_CODE_SECONDS = 300
_PATH = "/api/v1/auth/oidc"
PURPOSE = "oidc_flows.verifier"
# By which methods a provider knows the person is for it to know; RFC 8176 has no name for that it vouches.
AMR = ("fed",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came in, as the gateway saw it."""

    scheme: str
    authority: str
    host: str


@dataclass(frozen=True, slots=True)
class Cookie:
    """What binds a sign-in to a browser."""

    name: str
    value: str
    is_secure: bool
    path: str = _PATH


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser; a cookie goes with it unless the sign-in begins there."""

    url: str
    cookie: Cookie | None


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


class OutsideSignIn:
    """The sign-ins of one caller with outside accounts."""

    def __init__(self, caller: Caller, place: Place) -> None:
        self.caller = caller
        self.context = caller.context
        self.place = place
        self.client = OidcClient.of(caller.context)

    async def providers(self) -> list[Provider]:
        """What somebody here can sign in with."""
        async with self.caller.unit_of_work() as uow:
            return await providers_of(uow, self._shop())

    async def start(self, code: str, query: StartQuery) -> Departure:
        """Leave for a provider.

        Raises:
            NotFound, TenantNotActive, ReturnNotAllowed, ProviderUnavailable, ProviderRefused.
        """
        shop_id = query.company_id or self._shop()
        async with self.caller.unit_of_work() as uow:
            if shop_id is not None:
                trading(await TenantRepository(uow).get(shop_id))
            provider = await find_provider(uow, code, shop_id)
            return_to = await check_return(uow, query.return_to) if query.return_to is not None else None
            is_at_shop = await self._is_at_shop(uow)
        if is_at_shop and provider.tenant_id is None:
            # The platform's providers know its public address alone, so that is where the sign-in begins.
            return Departure(self._elsewhere(code, query, shop_id, return_to), None)
        return await self._depart(
            provider,
            is_at_shop=is_at_shop,
            return_to=return_to,
            shop_id=shop_id,
            # Without a place to return to nobody trades a code.
            code_challenge=query.code_challenge if return_to is not None else None,
            is_remembered=query.remember,
        )

    async def start_link(self, actor: Actor, body: LinkStart) -> Departure:
        """Leave for a provider to link an account of it to the caller's.

        Raises:
            NotFound, LinkAtPlatform, ReturnNotAllowed, ProviderUnavailable, ProviderRefused.
        """
        user_id = own_user_id(actor)
        if actor.session_id is None:
            raise Unauthenticated("Sign in as a user first.")
        async with self.caller.unit_of_work() as uow:
            provider = await find_provider(uow, body.provider, actor.tenant_id)
            return_to = await check_return(uow, body.return_to) if body.return_to is not None else None
            is_at_shop = await self._is_at_shop(uow)
        if is_at_shop and provider.tenant_id is None:
            raise LinkAtPlatform(self.context.common.public_url)
        return await self._depart(
            provider,
            is_at_shop=is_at_shop,
            return_to=return_to,
            user_id=user_id,
            session_id=actor.session_id,
        )

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
            flow = await FlowRepository(uow).take(_hash(query.state), _hash(browser), code)
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
            found = await FlowRepository(uow).take_code(_hash(body.code))
        # It is gone by now, so nobody tries verifiers.
        if found is None or not _matches(found.code_challenge, body.code_verifier):
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
                    code_hash=_hash(traded),
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

    async def _depart(
        self,
        provider: Provider,
        *,
        is_at_shop: bool,
        return_to: str | None,
        shop_id: UUID | None = None,
        code_challenge: str | None = None,
        user_id: UUID | None = None,
        session_id: UUID | None = None,
        is_remembered: bool = True,
    ) -> Departure:
        metadata = await self.client.metadata(provider)
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        public = self.context.common.public_url.rstrip("/")
        base = f"{self.place.scheme}://{self.place.authority}" if is_at_shop else public
        redirect_uri = f"{base}{_PATH}/{provider.code}/callback"
        async with self.caller.unit_of_work() as uow:
            await FlowRepository(uow).add(
                OidcFlow(
                    state_hash=_hash(state),
                    browser_hash=_hash(browser),
                    provider_code=provider.code,
                    provider_tenant_id=provider.tenant_id,
                    nonce_hash=_hash(nonce),
                    sealed_verifier=self.context.keyring.encrypt(verifier, purpose=PURPOSE),
                    redirect_uri=redirect_uri,
                    return_to=return_to,
                    code_challenge=code_challenge,
                    shop_id=shop_id,
                    user_id=user_id,
                    session_id=session_id,
                    is_remembered=is_remembered,
                    created_at=uow.now,
                    expires_at=uow.now + timedelta(seconds=FLOW_SECONDS),
                )
            )
        fields = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if (shop_id or user_id) and provider.kind is not ProviderKind.OTHER:
            # Joining a shop and linking are nothing to happen without the person seeing it.
            fields["prompt"] = "select_account"
        return Departure(
            with_fields(metadata.authorization_endpoint, **fields),
            Cookie(cookie_name(state), browser, is_secure=urlsplit(base).scheme == "https"),
        )

    def _shop(self) -> UUID | None:
        """The shop that the request names; one's own business is none, for who signs in may be anybody."""
        actor = self.caller.actor
        return actor.tenant_id if actor.tenant_via in ("host", "header") else None

    async def _is_at_shop(self, uow: UnitOfWork) -> bool:
        host = self.place.host
        if not host or host == (urlsplit(self.context.common.public_url).hostname or ""):
            return False
        return await tenant_at(uow, host) is not None

    def _elsewhere(self, code: str, query: StartQuery, shop_id: UUID | None, return_to: str | None) -> str:
        fields = {
            "company_id": str(shop_id) if shop_id is not None else None,
            "return_to": return_to,
            "code_challenge": query.code_challenge,
            "remember": None if query.remember else "false",
        }
        kept = {name: value for name, value in fields.items() if value is not None}
        return f"{self.context.common.public_url.rstrip('/')}{_PATH}/{code}/start?{urlencode(kept)}"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def cookie_name(state: str) -> str:
    """The name of the cookie of a sign-in: each has its own, so that two windows do not disturb each other."""
    return f"oidc_{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _matches(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        return verifier is None
    return verifier is not None and hmac.compare_digest(challenge_of(verifier), challenge)


def _hash(secret: str) -> bytes:
    # 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
