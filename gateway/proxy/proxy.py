"""Passes a request on to the service that its route names."""

import asyncio
import logging

from gateway import headers as header_rules
from gateway.body import Body
from gateway.deadline import Deadlines
from gateway.errors import ClientGone
from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.proxy.in_process import call_app
from gateway.proxy.over_http import HttpUpstreams
from gateway.proxy.relay import Relay
from gateway.routes import Target, Trust
from gateway.settings import GatewaySettings
from gateway.writer import Writer
from libs.common.actor import ACTOR_HEADER
from libs.common.clock import Clock
from libs.common.errors import AppError, Unavailable, UpstreamFailed
from libs.common.runtime.upstreams import Upstreams
from libs.common.telemetry import current_traceparent

log = logging.getLogger("pillars.gateway")

_ACTOR_HEADER = ACTOR_HEADER.encode()


class Proxy:
    """Reaches services in this process and elsewhere alike.

    `max_body_bytes` holds for ordinary bodies; uploads have the larger limit of the gateway's settings.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        upstreams: Upstreams,
        deadlines: Deadlines,
        clock: Clock,
        *,
        max_body_bytes: int,
    ) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._http = HttpUpstreams(settings, clock)
        self._max_body_bytes = max_body_bytes
        self._deadlines = deadlines
        # Asking for the running span costs more than most headers, even where nobody collects any.
        self.is_traced = True

    async def stop(self) -> None:
        """Close the connections."""
        await self._http.stop()

    def end_streams(self) -> None:
        """End the event streams, which have no end of their own: their clients connect anew."""
        for deadline in list(self._deadlines.streams):
            deadline.finish()

    def check(self, service: str) -> None:
        """Refuse at once, before anything is spent on it, what a service has no place for.

        Raises:
            Unavailable: the service is away, or has too much to do.
        """
        base = self._upstreams.url(service)
        if base is not None and self._upstreams.app(service) is None:
            self._http.watch(service, base).check()

    async def pass_on(self, exchange: Exchange, target: Target, writer: Writer) -> None:
        """Let the service answer.

        Raises:
            PayloadTooLarge, RequestTimeout: the body is too large or too slow.
            Unavailable, UpstreamTimeout, UpstreamFailed: the service cannot answer.
            ClientGone: nobody waits any more.
        """
        settings = self._settings
        service = target.route.service
        headers = self._headers(exchange, target)
        with self._deadlines.begin() as deadline:
            is_upload = target.takes_uploads
            body = Body(
                exchange,
                deadline,
                limit=settings.max_upload_bytes if is_upload else self._max_body_bytes,
                seconds=settings.upload_seconds if is_upload else settings.body_seconds,
            )
            relay = Relay(exchange, body, deadline, writer)
            try:
                app = self._upstreams.app(service)
                if app is not None:
                    await call_app(app, exchange, target.path, headers, body, relay)
                else:
                    base = self._upstreams.url(service)
                    if base is None:
                        raise Unavailable(f"{service} is not part of this deployment.", retry_after=60)
                    is_keyed = (
                        exchange.method == "POST"
                        and b"idempotency-key" in exchange.headers
                        and target.keeps_keys
                    )
                    await self._http.call(
                        service,
                        base,
                        exchange,
                        target.path,
                        headers,
                        body,
                        relay,
                        deadline,
                        is_keyed=is_keyed,
                    )
            except (AppError, ClientGone, asyncio.CancelledError):
                raise
            except Exception as error:
                if body.failure is not None:
                    raise body.failure from None
                if exchange.is_complete:
                    log.warning("%s failed after its answer", service, exc_info=True)
                    return
                raise UpstreamFailed(f"{service} failed.") from error
            if body.failure is not None:
                raise body.failure
            if not exchange.is_complete:
                raise UpstreamFailed(f"{service} did not finish its answer.")
        if not exchange.is_complete:
            # An event stream that was ended here.
            await writer.part(b"", False)

    def _headers(self, exchange: Exchange, target: Target) -> RawHeaders:
        with_credential = target.route.trust is Trust.FOREIGN
        headers = header_rules.forwarded(
            exchange.scope["headers"], exchange.headers, with_credential=with_credential
        )
        traceparent = (current_traceparent() if self.is_traced else None) or exchange.header(b"traceparent")
        headers += (
            (_ACTOR_HEADER, exchange.identity.encode()),
            (b"x-request-id", exchange.request_id.encode()),
            (b"x-forwarded-for", exchange.client.encode()),
            (b"x-forwarded-proto", exchange.scheme.encode()),
            (b"x-forwarded-host", exchange.headers.get(b"host", b"")),
        )
        if traceparent:
            headers.append((b"traceparent", traceparent.encode("latin-1")))
        return headers
