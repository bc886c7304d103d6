"""One log line for each request that ended."""

import logging

from gateway.exchange import Exchange
from gateway.routes import visible
from libs.common.logging import json_handler

_NAME = "pillars.access"
log = logging.getLogger(_NAME)


def write_line(exchange: Exchange) -> None:
    """Tell of a finished exchange: method, path, status, milliseconds, service, who asked."""
    if not log.isEnabledFor(logging.INFO):
        return
    actor = exchange.actor
    path = visible(exchange.path, exchange.target)
    fields = {
        "method": exchange.method,
        "path": path,
        "status": exchange.status,
        "ms": round(exchange.milliseconds, 2),
        "service": exchange.service,
        "request_id": exchange.request_id,
        "client": exchange.client,
        "user_id": actor.user_id if actor else None,
        "tenant_id": actor.tenant_id if actor else None,
    }
    handler = json_handler()
    if handler is not None:
        handler.line(_NAME, f"{exchange.method} {path} {exchange.status}", fields)
    else:
        log.info("%s %s %s", exchange.method, path, exchange.status, extra=fields)
