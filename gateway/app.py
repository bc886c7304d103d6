"""The gateway as one ASGI application: every request walks down `_answer`, once, from top to bottom."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from gateway import routes
from gateway.access_log import write_line
from gateway.api_document import ApiDocuments
from gateway.auth import Authenticator
from gateway.cors import Cors
from gateway.deadline import Deadlines
from gateway.errors import ClientGone
from gateway.exchange import Exchange, open_exchange, raw_path, read_head
from gateway.headers import is_in
from gateway.keys import SigningKeys
from gateway.limits.bucket import Buckets
from gateway.limits.memory import MemoryBuckets
from gateway.limits.policy import RateLimits
from gateway.limits.postgres import PostgresBuckets
from gateway.metrics import Metrics
from gateway.operations.bus import Bus
from gateway.operations.documents import Documents
from gateway.operations.dropdowns import Dropdowns
from gateway.operations.events import Events
from gateway.operations.health import Health
from gateway.operations.index import Index
from gateway.operations.operation import Operation, OperationTable, require
from gateway.operations.requests import Requests
from gateway.pages import Pages, StaticFiles
from gateway.paths import parse
from gateway.proxy.proxy import Proxy
from gateway.request_log import RequestLog
from gateway.responses import Answer, problem_answer, send
from gateway.routes import Rate, Target, Trust
from gateway.security import SecurityHeaders
from gateway.settings import GatewaySettings
from gateway.tenancy import TenantReader
from gateway.tokens import TokenVerifier
from gateway.writer import Writer
from libs.common.actor import Actor, ActorSigner
from libs.common.clock import Clock, SystemClock
from libs.common.errors import AppError, MethodNotAllowed, NotFound
from libs.common.http.connection_limits import ConnectionLimits
from libs.common.http.middleware import Receive, Scope, Send
from libs.common.logging import begin
from libs.common.messaging.listening import Listener
from libs.common.pagination import CursorCodec
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.telemetry import span

log = logging.getLogger("pillars.gateway")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})


class Gateway:
    """Ready after `startup()`, done with `shutdown()`; as an ASGI lifespan it does both itself."""

    def __init__(
        self,
        settings: GatewaySettings,
        common: CommonSettings,
        upstreams: Upstreams,
        clock: Clock | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.settings = settings
        self.common = common
        self.upstreams = upstreams
        clock = clock or SystemClock()
        secret = common.secret_key.get_secret_value()
        self.deadlines = Deadlines(settings)
        self.proxy = Proxy(settings, upstreams, self.deadlines, clock, max_body_bytes=common.max_body_bytes)
        self.buckets: Buckets = MemoryBuckets()
        if settings.rate_limit_url is not None:
            self.buckets = PostgresBuckets(settings.rate_limit_url.get_secret_value())
        self.limits = RateLimits(settings, self.buckets, clock)
        self.authenticator = Authenticator(
            settings,
            upstreams,
            ActorSigner(secret, accepted=common.other_keys),
            TokenVerifier(settings, SigningKeys(settings, upstreams, clock), clock),
            TenantReader(common.public_url),
            self.limits,
            clock,
            listener,
        )
        self.connection_limits = ConnectionLimits(
            most=settings.most_connections,
            most_of_address=settings.address_connections,
            is_exempt=lambda address: is_in(address, settings.trusted_proxies),
            head_seconds=settings.head_seconds,
            idle_seconds=settings.idle_seconds,
            write_seconds=settings.write_seconds,
            # Read whole up to here, so that a head that is a little too large gets its answer.
            head_bytes=settings.max_header_bytes + settings.max_target_bytes + 65_536,
        )
        self.metrics = Metrics()
        self.metrics.is_certain.set_function(lambda: self.authenticator.changes.is_certain)
        self.requests = RequestLog(settings.request_log_size, clock)
        self.health = Health(settings, upstreams, clock, self.metrics)
        pages = Pages(is_development=common.environment == "development", url=common.public_url)
        self.documents = ApiDocuments(
            upstreams, clock, keep_seconds=settings.document_seconds, version=release(), url=common.public_url
        )
        self.operations = OperationTable(
            [
                *Index(self.documents, pages, version=release()).operations(),
                *Documents(self.documents, pages, StaticFiles()).operations(),
                *Events(pages).operations(),
                *Dropdowns(upstreams).operations(),
                *self.health.operations(),
                *Requests(self.requests, CursorCodec(secret, accepted=common.other_keys)).operations(),
                *Bus(upstreams).operations(),
            ]
        )
        self.documents.describe(self.operations.operations)
        self._cors = Cors(
            settings.cors_origins,
            allows_local=not settings.cors_origins and common.environment == "development",
        )
        self._is_traced = False
        self._security = SecurityHeaders(hsts_seconds=settings.hsts_seconds if common.is_production else 0)

    async def startup(self) -> None:
        """Open what takes time to open."""
        # A span costs a tenth of a request even where nobody collects it.
        self._is_traced = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        self.proxy.is_traced = self._is_traced
        await self.buckets.start()
        self.authenticator.changes.start()

    async def shutdown(self) -> None:
        """Close them."""
        await self.authenticator.changes.stop()
        await self.buckets.stop()
        await self.proxy.stop()

    def wind_down(self) -> None:
        """The process stops: what would not end by itself is ended."""
        self.proxy.end_streams()

    def forget(
        self, *, user_id: UUID | None = None, session_id: UUID | None = None, tenant_id: UUID | None = None
    ) -> int:
        """Ask identity again about a user, a session or everyone in a tenant; return how many were known."""
        return self.authenticator.forget(user_id=user_id, session_id=session_id, tenant_id=tenant_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            await self._serve(open_exchange(scope, receive, send))
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send, self.startup, self.shutdown)
        elif scope["type"] == "websocket":
            # Live updates are event streams; a close before the accept answers 403.
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, exchange: Exchange) -> None:
        begin(request_id=exchange.request_id)
        writer = Writer(
            exchange,
            self._security,
            gzip_min_bytes=self.settings.gzip_min_bytes,
            gzip_level=self.settings.gzip_level,
        )
        self.metrics.in_flight += 1
        try:
            if self._is_traced:
                traceparent = next(
                    (v for n, v in exchange.scope["headers"] if n == b"traceparent"), b""
                ).decode("latin-1")
                with span(
                    f"{exchange.method} gateway", kind=SpanKind.SERVER, traceparent=traceparent
                ) as current:
                    await self._answer_or_fail(exchange, writer)
                    current.update_name(f"{exchange.method} {exchange.service}")
                    current.set_attribute("http.response.status_code", exchange.status)
            else:
                await self._answer_or_fail(exchange, writer)
        finally:
            self.metrics.in_flight -= 1
            exchange.end()
            self.metrics.observe(
                exchange.service, exchange.method, exchange.status, exchange.milliseconds / 1000
            )
            if not exchange.is_probe:
                self._record(exchange)

    async def _answer_or_fail(self, exchange: Exchange, writer: Writer) -> None:
        try:
            await self._answer(exchange, writer)
        except AppError as error:
            await self._fail(error, exchange, writer)
        except ClientGone:
            pass
        except Exception:
            log.exception("the gateway itself failed")
            await self._fail(AppError("Something went wrong here; it is logged."), exchange, writer)

    async def _answer(self, exchange: Exchange, writer: Writer) -> None:
        read_head(exchange, self.settings)
        self._cors.prepare(exchange)
        exchange.path = path = parse(raw_path(exchange.scope))
        preflight = self._cors.preflight(exchange)
        if preflight is not None:
            exchange.service = "gateway"
            exchange.response_headers += preflight
            await send(Answer(204), writer)
            return
        exchange.target = target = routes.find(path)
        if target is not None:
            await self._pass_on(exchange, target, writer)
            return
        await self._answer_ourselves(exchange, writer)

    async def _pass_on(self, exchange: Exchange, target: Target, writer: Writer) -> None:
        route = target.route
        exchange.service = route.service
        self.proxy.check(route.service)
        # Which methods a path takes is no secret, and only the service knows.
        asks_for_methods = exchange.method == "OPTIONS" or exchange.method not in METHODS
        actor = await self._identify(exchange, Trust.FOREIGN if asks_for_methods else route.trust)
        await self.limits.charge(exchange, route.rate, actor)
        if route.service == "identity" and exchange.method not in _READ_ONLY:
            # Whatever is changed there may be the caller's own rights, and who has the answer may ask again at once.
            writer.before_success = partial(
                self.forget, user_id=actor.user_id, session_id=actor.session_id, tenant_id=actor.tenant_id
            )
        await self.proxy.pass_on(exchange, target, writer)

    async def _answer_ourselves(self, exchange: Exchange, writer: Writer) -> None:
        try:
            found = self.operations.find(exchange.path, exchange.method)
        except MethodNotAllowed as error:
            if exchange.method != "OPTIONS":
                raise
            exchange.service = "gateway"
            await send(Answer(204, headers=error.headers), writer)
            return
        if found is None:
            await self.limits.charge(exchange, Rate.NORMAL, Actor())
            raise NotFound("There is nothing at this path.")
        operation, values = found
        exchange.service = "gateway"
        exchange.is_probe = operation.is_exempt
        actor = Actor()
        if operation.needs_actor or operation.permission is not None:
            actor = await self._identify(exchange, Trust.CHECKED)
        if not operation.is_exempt:
            await self.limits.charge(exchange, Rate.NORMAL, actor)
        if operation.permission is not None:
            require(actor, operation.permission)
        await send(await self._run(operation, exchange, values), writer)

    async def _run(self, operation: Operation, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        with self.deadlines.begin():
            return await operation.handler(exchange, values)
        raise AssertionError("unreachable")

    async def _identify(self, exchange: Exchange, trust: Trust) -> Actor:
        identified = await self.authenticator.identify(exchange, trust)
        exchange.actor, exchange.identity = identified.actor, identified.header
        return identified.actor

    async def _fail(self, error: AppError, exchange: Exchange, writer: Writer) -> None:
        if not writer.abandon():
            # Too late for a problem document. The server closes the connection of an answer without an end,
            # which is how the client learns that it was cut short.
            log.warning("an answer was cut short: %s", error)
            return
        await send(problem_answer(error, exchange), writer)

    def _record(self, exchange: Exchange) -> None:
        self.requests.add(exchange)
        write_line(exchange)


def release() -> str:
    """The version of the installed distribution; "0" where it runs from a bare checkout."""
    try:
        return version("pillars")
    except PackageNotFoundError:
        return "0"


async def _lifespan(
    receive: Receive,
    send: Send,
    startup: Callable[[], Awaitable[None]],
    shutdown: Callable[[], Awaitable[None]],
) -> None:
    while True:
        message = await receive()
        step = startup if message["type"] == "lifespan.startup" else shutdown
        try:
            await step()
        except Exception as error:
            log.exception("%s failed", message["type"])
            await send({"type": f"{message['type']}.failed", "message": type(error).__name__})
            return
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
