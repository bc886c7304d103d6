"""Calls to providers: bounded in time and size, repeated where that is safe, spared while they fail, kept where they last."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from libs.common.http.breaker import CircuitBreaker
from libs.common.http.outside import outside_transport
from libs.common.runtime.context import ServiceContext
from services.identity.oidc.errors import ProviderRefused, ProviderUnavailable
from services.identity.oidc.metadata import Metadata, read_metadata
from services.identity.oidc.provider import Provider

if TYPE_CHECKING:
    import httpx

RESOURCE = "oidc"
_KEPT_SECONDS = 3600.0
# What is known for longer is asked for so seldom while the provider is away.
_AWAY_SECONDS = 60.0
_MOST_BYTES = 262_144
_MOST_KNOWN = 200
_BREAKER_SECONDS = 30.0
_TRIES = 2
_PAUSE = 0.2

Json = dict[str, Any]
Transport = Callable[[bool], "httpx.AsyncBaseTransport"]


@dataclass
class _Known:
    """What is kept of one provider."""

    breaker: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(5, _BREAKER_SECONDS))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    metadata: Metadata | None = None
    metadata_at: float = 0.0
    keys: tuple[Json, ...] = ()
    keys_at: float | None = None


def _transport(is_trusted: bool) -> "httpx.AsyncBaseTransport":
    import httpx

    return httpx.AsyncHTTPTransport() if is_trusted else outside_transport()


class OidcClient:
    """Speaks with providers. `transport` opens the way, given whether addresses within may be called."""

    def __init__(self, context: ServiceContext, *, transport: Transport = _transport) -> None:
        self._context = context
        self._transport = transport
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._known: OrderedDict[tuple[str, bool], _Known] = OrderedDict()

    @classmethod
    def of(cls, context: ServiceContext) -> "OidcClient":
        """The one of this process."""
        if RESOURCE not in context.resources:
            context.resources[RESOURCE] = cls(context)
        found: OidcClient = context.resources[RESOURCE]
        return found

    async def close(self) -> None:
        """Release the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def metadata(self, provider: Provider) -> Metadata:
        """What a provider says of itself; asked again after an hour, and kept for longer where it does not answer.

        Raises:
            ProviderUnavailable, ProviderRefused.
        """
        known = self._of(provider)
        async with known.lock:
            if known.metadata is not None and self._now() - known.metadata_at < _KEPT_SECONDS:
                return known.metadata
            try:
                document = await self._get(provider, known, provider.discovery_url)
            except ProviderUnavailable:
                if known.metadata is None:
                    raise
                known.metadata_at = self._now() - _KEPT_SECONDS + _AWAY_SECONDS
                return known.metadata
            known.metadata = read_metadata(provider, document)
            known.metadata_at = self._now()
            return known.metadata

    async def keys(
        self, provider: Provider, metadata: Metadata, *, read_after: float | None = None
    ) -> tuple[Json, ...]:
        """The keys of a provider, read again after an hour, or where they were not read after a Unix time that is named.

        Raises:
            ProviderUnavailable, ProviderRefused.
        """
        known = self._of(provider)
        async with known.lock:
            age = None if known.keys_at is None else self._now() - known.keys_at
            is_late = read_after is not None and known.keys_at is not None and known.keys_at <= read_after
            if age is None or age >= _KEPT_SECONDS or is_late:
                try:
                    document = await self._get(provider, known, metadata.jwks_uri)
                except ProviderUnavailable:
                    if age is None or is_late:
                        raise
                    known.keys_at = self._now() - _KEPT_SECONDS + _AWAY_SECONDS
                    return known.keys
                keys = document.get("keys") if isinstance(document, dict) else None
                if not isinstance(keys, list):
                    raise ProviderRefused("The provider's keys cannot be read.")
                known.keys = tuple(key for key in keys[:100] if isinstance(key, dict))
                known.keys_at = self._now()
            return known.keys

    async def redeem(
        self, provider: Provider, metadata: Metadata, *, code: str, verifier: str, redirect_uri: str
    ) -> Json:
        """Trade an authorization code for tokens (RFC 6749, section 4.1.3). Never repeated: a code works once.

        Raises:
            ProviderUnavailable, ProviderRefused.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"accept": "application/json"}
        if provider.client_secret is None or metadata.secret_in_body:
            form["client_id"] = provider.client_id
            if provider.client_secret is not None:
                form["client_secret"] = provider.client_secret
        else:
            headers["authorization"] = _basic(provider.client_id, provider.client_secret)
        known = self._of(provider)
        status, document = await self._call(
            provider, known, "POST", metadata.token_endpoint, data=form, headers=headers
        )
        if status != 200 or not isinstance(document, dict):
            error = document.get("error") if isinstance(document, dict) else None
            # The description of an error may repeat what was sent.
            raise ProviderRefused(f"The provider did not take the code: {_word(error) or status}.")
        return document

    async def userinfo(self, provider: Provider, metadata: Metadata, access_token: str) -> Json:
        """What a provider says of the person beside the token; nothing where it has no place for that.

        Raises:
            ProviderUnavailable, ProviderRefused.
        """
        if metadata.userinfo_endpoint is None:
            return {}
        headers = {"authorization": f"Bearer {access_token}"}
        found = await self._get(provider, self._of(provider), metadata.userinfo_endpoint, headers)
        return found if isinstance(found, dict) else {}

    async def _get(
        self, provider: Provider, known: _Known, url: str, headers: Mapping[str, str] | None = None
    ) -> Any:
        for attempt in range(1, _TRIES + 1):
            try:
                status, document = await self._call(provider, known, "GET", url, headers=headers)
            except ProviderUnavailable:
                if attempt == _TRIES or known.breaker.refuses(self._now()):
                    raise
                await asyncio.sleep(_PAUSE)
                continue
            if status != 200 or document is None:
                raise ProviderRefused(f"The provider answered {status} without what was asked for.")
            return document
        raise AssertionError("unreachable")

    async def _call(
        self, provider: Provider, known: _Known, method: str, url: str, **options: Any
    ) -> tuple[int, Any]:
        """Status and JSON body (None where it is none)."""
        import httpx

        if not known.breaker.allows(self._now()):
            raise ProviderUnavailable("The provider has been failing; it was not asked.")
        try:
            async with asyncio.timeout(self._context.settings.oidc_seconds):
                async with self._client(provider).stream(method, url, **options) as response:
                    body = await _bounded(response)
        except httpx.UnsupportedProtocol as error:
            raise ProviderRefused("The provider's address does not lead outside.") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            known.breaker.failed(self._now())
            raise ProviderUnavailable(f"The provider did not answer: {type(error).__name__}.") from error
        if response.status_code >= 500 or response.status_code == 429:
            known.breaker.failed(self._now())
            raise ProviderUnavailable(f"The provider answered {response.status_code}.")
        known.breaker.succeeded()
        try:
            return response.status_code, orjson.loads(body) if body is not None else None
        except orjson.JSONDecodeError:
            return response.status_code, None

    def _client(self, provider: Provider) -> "httpx.AsyncClient":
        import httpx

        is_trusted = provider.may_be_within
        if is_trusted not in self._clients:
            self._clients[is_trusted] = httpx.AsyncClient(
                transport=self._transport(is_trusted),
                timeout=self._context.settings.oidc_seconds,
                headers={"accept-encoding": "identity"},
                follow_redirects=False,
                trust_env=False,
            )
        return self._clients[is_trusted]

    def _of(self, provider: Provider) -> _Known:
        # What was heard on the way within says nothing of who is at the same address outside.
        key = (provider.discovery_url, provider.may_be_within)
        known = self._known.setdefault(key, _Known())
        self._known.move_to_end(key)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    def _now(self) -> float:
        return self._context.clock.now().timestamp()


@asynccontextmanager
async def open_oidc(context: ServiceContext) -> AsyncIterator[OidcClient]:
    """The client for the life of the process."""
    client = OidcClient(context)
    try:
        yield client
    finally:
        await client.close()


async def _bounded(response: "httpx.Response") -> bytes | None:
    """The body; None where it is larger than any of use, or packed: a few bytes may unfold into more than there is room for."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    found = bytearray()
    async for part in response.aiter_bytes():
        found += part
        if len(found) > _MOST_BYTES:
            return None
    return bytes(found)


def _basic(client_id: str, secret: str) -> str:
    import base64

    # RFC 6749, section 2.3.1: both are form-encoded first.
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _word(error: Any) -> str | None:
    """An error code of a provider, where it is one word."""
    return error if isinstance(error, str) and error.replace("_", "").isalnum() and len(error) <= 60 else None
