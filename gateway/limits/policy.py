"""Who is charged for a request, and against which limit."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from gateway.exchange import Exchange
from gateway.limits.bucket import Buckets, Decision, Limit
from gateway.routes import Rate
from gateway.settings import GatewaySettings
from libs.common.actor import Actor, ActorKind
from libs.common.clock import Clock
from libs.common.errors import RateLimited


class RateLimits:
    """Charges requests to their actor, or to the address where nobody is signed in."""

    def __init__(self, settings: GatewaySettings, buckets: Buckets, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock
        self._actor = Limit("actor", settings.actor_per_minute, settings.actor_burst)
        self._guest = Limit("guest", settings.guest_per_minute, settings.guest_burst)
        self._sign_in = Limit("sign-in", settings.sign_in_per_minute, settings.sign_in_burst)
        self._hook = Limit("hook", settings.hook_per_minute, settings.hook_burst)
        self._bad = Limit("bad-credential", settings.bad_credential_per_minute, settings.bad_credential_burst)

    async def charge(self, exchange: Exchange, rate: Rate, actor: Actor) -> None:
        """Count a request.

        Raises:
            RateLimited: the caller has used up what flows in.
        """
        who: UUID | str
        if rate is Rate.SIGN_IN:
            limit, who = self._sign_in, network_of(exchange.client)
        elif rate is Rate.HOOK:
            limit, who = self._hook, network_of(exchange.client)
        elif actor.kind is ActorKind.GUEST:
            limit, who = self._guest, network_of(exchange.client)
        else:
            limit, who = self._actor, actor.user_id or actor.key_id or actor.name or exchange.client
        decision = await self._take(limit, who)
        if decision is not None:
            exchange.response_headers += decision.headers()
            self._refuse(decision, "Too many requests; slow down.")

    async def check_bad_credentials(self, exchange: Exchange) -> None:
        """Before a credential is looked at: has its address sent too many that did not hold?

        Raises:
            RateLimited: it has.
        """
        decision = await self._take(self._bad, network_of(exchange.client), cost=0)
        if decision is not None:
            self._refuse(decision, "Too many credentials from this address did not hold.")

    async def charge_bad_credential(self, exchange: Exchange) -> None:
        """Count a credential that did not hold."""
        await self._take(self._bad, network_of(exchange.client))

    async def _take(self, limit: Limit, who: UUID | str, cost: int = 1) -> Decision | None:
        if not limit.per_minute:
            return None
        key, now = _key(limit.name, who), self._clock.now().timestamp()
        decision = self._buckets.take_now(key, limit, now, cost=cost)
        return decision or await self._buckets.take(key, limit, now, cost=cost)

    @staticmethod
    def _refuse(decision: Decision, detail: str) -> None:
        if not decision.is_allowed:
            raise RateLimited(
                detail, headers={"Retry-After": str(decision.retry_after)}, limit=decision.limit.name
            )


@lru_cache(maxsize=4096)
def _key(limit: str, who: UUID | str) -> str:
    return f"{limit}:{who}"


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Who an address stands for: itself, or for IPv6 its /64, which is what one customer is given."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return address
