"""The problems that only the edge raises."""

from typing import Any

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


class Refused(AppError):
    """Identity refused the credential or the tenant; its own problem document is passed on."""

    status = 403
    slug = "refused"
    title = "Refused"

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail"))
        self.problem_status = status
        self.problem = problem
        if status == 401:
            self.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'


class ClientGone(Exception):
    """The client closed the connection; nobody waits for an answer."""
