"""Calls from one service to another: an ASGI app in the same process, or an HTTP address.

Each call carries a signed identity and the trace, has a time-out, and is repeated once only where that is safe.
A circuit breaker answers at once while a service is down.
"""

from typing import Any

import orjson

from libs.common.actor import ACTOR_HEADER, Actor, ActorSigner
from libs.common.clock import Clock
from libs.common.errors import AppError, Unavailable, UpstreamFailed, UpstreamTimeout
from libs.common.http.breaker import CircuitBreaker
from libs.common.origin import ORIGIN_HEADER, origin_text
from libs.common.runtime.wires import Answer, NotReached, Wire
from libs.common.telemetry import current_traceparent


class UpstreamProblem(AppError):
    """Another service refused the call; its problem document is passed on."""

    status = 502
    slug = "upstream-problem"
    title = "A dependency refused the call"

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail"))
        self.upstream_status = status
        self.problem = problem

    @property
    def upstream_slug(self) -> str:
        """The slug of the problem that the other service answered with."""
        return str(self.problem.get("slug") or str(self.problem.get("type", "")).rpartition(":")[2])


class Upstreams:
    """Clients of the other services by name. `register` mounts an in-process app, URLs come from settings."""

    def __init__(
        self, urls: dict[str, str], signer: ActorSigner, clock: Clock, *, timeout: float = 5.0
    ) -> None:
        self._urls = urls
        self._signer = signer
        self._clock = clock
        self._timeout = timeout
        self._apps: dict[str, Any] = {}
        self._wires: dict[str, Wire] = {}
        self._breakers: dict[str, CircuitBreaker] = {}

    def register(self, name: str, app: Any) -> None:
        """Reach this service as an ASGI app in this process."""
        self._apps[name] = app

    def app(self, name: str) -> Any | None:
        """The in-process app of a service, if it is here."""
        return self._apps.get(name)

    def url(self, name: str) -> str | None:
        """The address of a service, if it is elsewhere."""
        return self._urls.get(name)

    @property
    def names(self) -> list[str]:
        """The services that can be reached."""
        return sorted({*self._apps, *self._urls})

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        actor: Actor,
        json: Any = None,
        params: Any = None,
        headers: dict[str, str] | None = None,
        safe: bool | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Call another service and return its JSON (None for an empty body).

        `safe` says that a repeat does no harm (GET by default, or an idempotent command).

        Raises:
            UpstreamProblem: it answered with a problem.
            Unavailable, UpstreamTimeout: it could not be reached; nothing is known to have happened.
        """
        response = await self.request(
            service,
            method,
            path,
            actor=actor,
            json=json,
            params=params,
            headers=headers,
            safe=safe,
            timeout=timeout,
        )
        if response.status_code >= 400:
            try:
                problem = response.json()
            except ValueError:
                raise UpstreamFailed(
                    f"{service} answered {response.status_code} without a problem."
                ) from None
            if response.status_code == 503:
                raise Unavailable(f"{service} is not available now.")
            raise UpstreamProblem(response.status_code, problem)
        return response.json() if response.content else None

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        actor: Actor,
        json: Any = None,
        params: Any = None,
        headers: dict[str, str] | None = None,
        safe: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Like `call`, but return the response whatever its status."""
        breaker = self._breakers.setdefault(service, CircuitBreaker())
        now = self._clock.now().timestamp()
        if not breaker.allows(now):
            raise Unavailable(f"{service} is not available now.")
        sent = {ACTOR_HEADER: self._signer.sign(actor, now), **(headers or {})}
        if origin := origin_text():
            sent[ORIGIN_HEADER] = origin
        traceparent = current_traceparent()
        if traceparent:
            sent["traceparent"] = traceparent
        attempts = 2 if (method == "GET" if safe is None else safe) else 1
        body = None
        if json is not None:
            body = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        wire = self._wire(service)
        for attempt in range(1, attempts + 1):
            try:
                answer = await wire.send(method, path, params, sent, body, timeout or self._timeout)
            except TimeoutError as error:
                breaker.failed(self._clock.now().timestamp())
                raise UpstreamTimeout(f"{service} did not answer in time.") from error
            except NotReached as error:
                if attempt < attempts:
                    continue
                breaker.failed(self._clock.now().timestamp())
                raise Unavailable(f"{service} is not available now.") from error
            breaker.succeeded()
            return answer
        raise AssertionError("unreachable")

    def _wire(self, service: str) -> Wire:
        wire = self._wires.get(service)
        if wire is None:
            # A process loads only the client that it needs.
            if service in self._apps:
                from libs.common.runtime.wire_in_process import InProcess

                wire = InProcess(service, self._apps[service])
            elif service in self._urls:
                from libs.common.runtime.wire_over_http import OverHttp

                wire = OverHttp(self._urls[service])
            else:
                raise Unavailable(f"No address is known for {service}; set PILLARS_UPSTREAMS.")
            self._wires[service] = wire
        return wire

    async def close(self) -> None:
        """Close the connections."""
        for wire in self._wires.values():
            await wire.close()
        self._wires.clear()
