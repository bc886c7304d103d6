"""What the gateway asks for itself: it is no service, so nobody reads it in a document of one."""

GATEWAY_PERMISSIONS = {
    "gateway.health.read": "See the health of all services and their parts",
    "gateway.requests.read": "See the log of recent requests",
    "gateway.bus.read": "See queues, outboxes and dead letters",
    "gateway.bus.write": "Retry or skip dead letters",
}
