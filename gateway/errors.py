"""The problems that only the edge raises."""

from libs.common.errors import AppError


class BadPath(AppError):
    """The path holds something no path of ours holds: dot segments, encoded slashes, doubled slashes, control bytes."""

    status = 400
    slug = "bad-path"
    title = "The path is not valid"


class HostNotServed(AppError):
    """The `Host` header names a host that this gateway does not serve."""

    status = 400
    slug = "host-not-served"
    title = "Unknown host"


class RequestTimeout(AppError):
    """The body came too slowly; send it again on a better connection, or in smaller parts."""

    status = 408
    slug = "request-timeout"
    title = "The request took too long to arrive"


class TargetTooLong(AppError):
    """Path and query together are longer than `limit_bytes`."""

    status = 414
    slug = "target-too-long"
    title = "The address is too long"


class HeadersTooLarge(AppError):
    """The request headers together are larger than `limit_bytes`."""

    status = 431
    slug = "headers-too-large"
    title = "Headers too large"


class ClientGone(Exception):
    """The client closed the connection; nobody waits for an answer."""
