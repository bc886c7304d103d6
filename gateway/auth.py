"""From a credential to the actor: signatures are checked here, rights are asked of identity and kept for seconds."""

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from gateway.cache import SingleFlightCache
from gateway.changes import AccessChanges, Changed
from gateway.credentials import Credential, read_credential
from gateway.exchange import Exchange
from gateway.limits.policy import RateLimits
from gateway.routes import Trust
from gateway.settings import GatewaySettings
from gateway.tenancy import TenantHints, TenantReader
from gateway.tokens import AccessToken, TokenVerifier
from libs.common.actor import Actor, ActorSigner, system_actor
from libs.common.clock import Clock
from libs.common.errors import AppError, Unauthenticated, Unavailable, UpstreamFailed, UpstreamTimeout
from libs.common.messaging.listening import Listener
from libs.common.runtime.upstreams import UpstreamProblem, Upstreams

_GUEST = "guest"
# The hash of a bearer token (so that no secret stays in memory), X-Company-Id, and the host.
_Name = tuple[bytes, bytes | None, str]


@dataclass(frozen=True, slots=True)
class Identified:
    """An actor and the signed header that tells the services."""

    actor: Actor
    header: str
    # How long that holds where no event says that it changed; by default until it is asked for again.
    seconds: float = 0.0


class _Key(NamedTuple):
    """What the rights depend on: `credential` is the session or the hash of an opaque token."""

    credential: str
    hints: TenantHints


@dataclass(frozen=True, slots=True)
class _Recognised:
    """What headers meant that came before: a token that was verified, and the key of its actor."""

    token: AccessToken
    key: _Key


class Authenticator:
    """Names the actor of each request, of guests too: a guest of a shop acts in its tenant."""

    def __init__(
        self,
        settings: GatewaySettings,
        upstreams: Upstreams,
        signer: ActorSigner,
        verifier: TokenVerifier,
        tenants: TenantReader,
        limits: RateLimits,
        clock: Clock,
        listener: Listener | None = None,
    ) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._signer = signer
        self._verifier = verifier
        self._tenants = tenants
        self._limits = limits
        self._clock = clock
        self._actors: SingleFlightCache[_Key, Identified] = SingleFlightCache(settings.actor_cache_size)
        self._recognised: SingleFlightCache[_Name, _Recognised] = SingleFlightCache(settings.token_cache_size)
        self.changes = AccessChanges(
            upstreams, listener, self, in_use_seconds=settings.actor_cache_certain_seconds + 1
        )

    async def identify(self, exchange: Exchange, trust: Trust) -> Identified:
        """The actor of a request.

        Raises:
            Unauthenticated, UpstreamProblem: the credential does not hold, or not for the business named.
            ValidationFailed, BadRequest: the headers are malformed.
            Unavailable, UpstreamTimeout: identity cannot be asked.
            RateLimited: the address has tried too many API keys.
        """
        if trust is Trust.FOREIGN:
            return self._signed(Actor())
        name = _name_of(exchange, trust)
        if name is not None and (known := self._at_hand(name)) is not None:
            return known
        hints = self._tenants.read(exchange)
        try:
            credential = read_credential(exchange.headers)
            if credential is None or credential.is_jwt:
                if credential is not None and name is not None:
                    token = await self._verified(credential)
                    seen = _Recognised(token, _Key(_name(token), hints))
                    self._recognised.put(name, seen, token.known_from, token.known_until)
                return await self._resolve(credential, hints, is_passive=trust is Trust.PASSIVE)
            return await self._resolve_opaque(credential, hints, exchange)
        except AppError as error:
            if trust is Trust.LENIENT and _is_unauthenticated(error):
                return await self._resolve(None, hints)
            raise

    def forget(
        self, *, user_id: UUID | None = None, session_id: UUID | None = None, tenant_id: UUID | None = None
    ) -> int:
        """Drop what is remembered of a user, a session or everyone in a tenant; return how many actors that were."""
        wanted = {("user", user_id), ("session", session_id), ("tenant", tenant_id)}

        def matches(_: _Key, known: Identified) -> bool:
            actor = known.actor
            has = (
                ("user", actor.user_id),
                ("session", actor.session_id),
                ("tenant", actor.tenant_id),
                ("tenant", actor.home_tenant_id),
            )
            return any(pair in wanted for pair in has if pair[1] is not None)

        return self._actors.drop(matches)

    def forget_changed(self, changed: Changed) -> None:
        """Drop what is remembered of those whose rights changed, and whatever is being asked now."""
        if changed.is_anyone:
            # Perhaps a signing key was withdrawn.
            self._verifier.forget_keys()
        sessions, keys, users, tenants = changed.sessions, changed.keys, changed.users, changed.tenants

        def matches(_: _Key, known: Identified) -> bool:
            actor = known.actor
            return (
                changed.is_anyone
                or actor.session_id in sessions
                or actor.key_id in keys
                or actor.user_id in users
                or actor.tenant_id in tenants
                or actor.home_tenant_id in tenants
            )

        self._actors.drop(matches)

    def _at_hand(self, name: _Name) -> Identified | None:
        """Who sends these headers, where all that follows from them is known and still counts."""
        now = self._now()
        seen = self._recognised.get(name, now)
        if seen is None or not self._verifier.key_stands(seen.token, now, keys_seconds=self._keys_seconds):
            return None
        return self._actors.get(seen.key, now)

    async def _resolve_opaque(
        self, credential: Credential, hints: TenantHints, exchange: Exchange
    ) -> Identified:
        # Only identity can tell whether such a token is good, so guessing must be slow. (A forged JWT costs nobody
        # but this process, and an expired one in an office must not lock out its neighbours.)
        key = _Key(f"token:{credential.fingerprint}", hints._replace(query_company_id=None))
        if self._actors.get(key, self._now()) is None:
            await self._limits.check_bad_credentials(exchange)
        try:
            return await self._resolve(credential, hints)
        except AppError as error:
            if _is_unauthenticated(error):
                await self._limits.charge_bad_credential(exchange)
            raise

    async def _resolve(
        self, credential: Credential | None, hints: TenantHints, *, is_passive: bool = False
    ) -> Identified:
        name, document = await self._document(credential)
        if is_passive and document is not None:
            # Kept apart, since what is asked in passing must not answer for a request that is a sign of life.
            name, document = f"passive:{name}", {**document, "is_passive": True}
        # Only superusers may name a tenant in the query; for all others the parameter is just a filter of a list,
        # and must not cost a call for each of its values.
        if hints.query_company_id is None:
            return await self._ask(_Key(name, hints), document)
        known = await self._ask(_Key(name, hints._replace(query_company_id=None)), document)
        return await self._ask(_Key(name, hints), document) if known.actor.is_superuser else known

    async def _document(self, credential: Credential | None) -> tuple[str, dict[str, Any] | None]:
        if credential is None:
            return _GUEST, None
        if not credential.is_jwt:
            return f"token:{credential.fingerprint}", {"kind": "token", "token": credential.token}
        token = await self._verified(credential)
        session = None if token.session_id is None else str(token.session_id)
        return _name(token), {"kind": "user", "user_id": str(token.user_id), "session_id": session}

    async def _verified(self, credential: Credential) -> AccessToken:
        return await self._verifier.verify(credential.token, keys_seconds=self._keys_seconds)

    @property
    def _keys_seconds(self) -> float:
        # As with rights: what may go unheard is asked for again soon.
        settings = self._settings
        return settings.jwks_seconds if self.changes.is_certain else settings.actor_cache_seconds

    async def _ask(self, key: _Key, document: dict[str, Any] | None) -> Identified:
        known = self._actors.get(key, self._now())
        if known is not None:
            return known
        return await self._actors.make(
            key,
            self._life,
            lambda: self._call(key.hints, document),
        )

    def _life(self, known: Identified) -> tuple[float, float]:
        now = self._now()
        return now, now + self._good_seconds(known)

    def _good_seconds(self, known: Identified) -> float:
        # A business that waits for its activation must be able to trade the moment it is active, and who sets up the
        # second factor that was asked for be let in.
        if known.actor.tenant_status not in (None, "active") or known.actor.lacking is not None:
            return 0.0
        if not self.changes.is_certain:
            return min(known.seconds, self._settings.actor_cache_seconds)
        return min(known.seconds, self._settings.actor_cache_certain_seconds)

    async def _call(self, hints: TenantHints, document: dict[str, Any] | None) -> Identified:
        self.changes.used()
        body = {
            "credential": document,
            "company_id": hints.company_id and str(hints.company_id),
            "host": hints.host,
            "query_company_id": hints.query_company_id and str(hints.query_company_id),
        }
        try:
            answer = await self._upstreams.call(
                "identity",
                "POST",
                "/internal/authenticate",
                actor=system_actor("gateway"),
                json=body,
                safe=True,
            )
            actor = Actor.from_json(answer["actor"])
            # A release of identity before this one does not say.
            seconds = float(answer.get("seconds", self._settings.actor_cache_seconds))
        except UpstreamProblem as error:
            if error.upstream_status >= 500:
                raise UpstreamFailed("Credentials cannot be checked now.") from error
            raise
        except UpstreamTimeout as error:
            # Nothing has been done yet.
            raise Unavailable("Credentials cannot be checked now.") from error
        except (KeyError, TypeError, ValueError) as error:
            raise UpstreamFailed("Credentials cannot be checked now.") from error
        if document is not None and actor.is_anonymous:
            raise Unauthenticated("The credential is not valid.")
        return self._signed(actor, seconds)

    def _signed(self, actor: Actor, seconds: float = 0.0) -> Identified:
        # Signed once and used while the actor is remembered, which is less than the header's own life.
        return Identified(actor, self._signer.sign(actor, self._now()), seconds)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _name_of(exchange: Exchange, trust: Trust) -> _Name | None:
    """What stands for the headers of an ordinary request, None where other things count as well."""
    headers = exchange.headers
    authorization = headers.get(b"authorization")
    if (
        authorization is None
        or trust is Trust.PASSIVE
        or b"x-api-key" in headers
        or b"company_id=" in exchange.query
    ):
        return None
    # The quickest of the hashes that cannot be turned round.
    return (
        hashlib.blake2b(authorization, digest_size=32).digest(),
        headers.get(b"x-company-id"),
        exchange.host,
    )


def _name(token: AccessToken) -> str:
    return f"user:{token.user_id}:{token.session_id}"


def _is_unauthenticated(error: AppError) -> bool:
    return (error.upstream_status if isinstance(error, UpstreamProblem) else error.status) == 401
