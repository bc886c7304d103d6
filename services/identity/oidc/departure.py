"""Leaving for a provider, to sign in or to link an account.

What binds the sign-in is kept here and taken away when it comes back. No transaction is open while a provider is asked.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import Unauthenticated
from services.identity.auth.caller import Caller
from services.identity.auth.own import own_user_id
from services.identity.domains.hosts import tenant_at
from services.identity.oidc.binding import PATH, PURPOSE, challenge_of, cookie_name, hash_of
from services.identity.oidc.client import OidcClient
from services.identity.oidc.errors import LinkAtPlatform
from services.identity.oidc.models import OidcFlow
from services.identity.oidc.people import trading
from services.identity.oidc.provider import Provider, find_provider, providers_of
from services.identity.oidc.repository import FlowRepository
from services.identity.oidc.return_to import check_return, with_fields
from services.identity.oidc.schemas import LinkStart, StartQuery
from services.identity.oidc_providers.models import ProviderKind
from services.identity.tenants.repository import TenantRepository

FLOW_SECONDS = 600


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
    path: str = PATH


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser; a cookie goes with it unless the sign-in begins there."""

    url: str
    cookie: Cookie | None


class Departures:
    """The ways out of one caller."""

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
        redirect_uri = f"{base}{PATH}/{provider.code}/callback"
        async with self.caller.unit_of_work() as uow:
            await FlowRepository(uow).add(
                OidcFlow(
                    state_hash=hash_of(state),
                    browser_hash=hash_of(browser),
                    provider_code=provider.code,
                    provider_tenant_id=provider.tenant_id,
                    nonce_hash=hash_of(nonce),
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
        return f"{self.context.common.public_url.rstrip('/')}{PATH}/{code}/start?{urlencode(kept)}"
