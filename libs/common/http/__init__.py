"""The HTTP edge of a service: problems, permissions, unit of work per request, idempotency, middleware."""
