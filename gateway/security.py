"""Security headers, and a content security policy suited to what is answered."""

from gateway.headers import RawHeaders

DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
# Pages of services (the payment simulator, the mail outbox) and our own: everything from this host.
PAGE_POLICY = (
    b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
# The API readers put styles into the page; ReDoc searches in a worker made from a blob.
READER_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    b"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """What every answer bears. `hsts_seconds` 0 leaves Strict-Transport-Security away."""

    def __init__(self, *, hsts_seconds: int) -> None:
        self._always = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if hsts_seconds:
            self._always.append(
                (b"strict-transport-security", b"max-age=%d; includeSubDomains" % hsts_seconds)
            )
        self._names = frozenset(name for name, _ in self._always)

    def complete(self, headers: RawHeaders, present: dict[bytes, bytes]) -> None:
        """Add what is missing; a service or page may have set a policy of its own. `present` is what it has set, by name."""
        if self._names.isdisjoint(present):
            headers += self._always
        else:
            headers += [header for header in self._always if header[0] not in present]
        if b"content-security-policy" not in present:
            is_page = present.get(b"content-type", b"").startswith(b"text/html")
            headers.append((b"content-security-policy", PAGE_POLICY if is_page else DATA_POLICY))
        if b"cache-control" not in present:
            # Answers depend on who asks; nothing between us and the client may keep them unless told so.
            headers.append(
                (b"cache-control", b"no-store" if b"etag" not in present else b"private, no-cache")
            )
