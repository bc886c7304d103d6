"""Where a browser may be sent back to after signing in elsewhere: to places of ours, so that nobody lends us his."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.domains.hosts import tenant_at
from services.identity.oidc.errors import ReturnNotAllowed

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_CHARS = 2_000


async def check_return(uow: UnitOfWork, url: str) -> str:
    """A place to return to, in full; a path is one at the public address. In the platform scope.

    Raises:
        ReturnNotAllowed: it is not one of ours.
    """
    # Browsers take a backslash for a slash, and leave out tabs and line ends.
    if len(url) > _MOST_CHARS or not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url):
        raise ReturnNotAllowed
    public = uow.context.common.public_url.rstrip("/")
    if url.startswith("/") and not url.startswith("//"):
        return public + url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ReturnNotAllowed from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise ReturnNotAllowed
    origin = _origin(parts.scheme, host, port)
    allowed = {origin_of(known) for known in (public, *uow.context.settings.return_origins)}
    if origin in allowed:
        return url
    if not uow.context.common.is_production and host in _LOCAL:
        return url
    if origin == f"https://{host}" and await tenant_at(uow, host) is not None:
        return url
    raise ReturnNotAllowed


def with_fields(url: str, **fields: str) -> str:
    """An address with more fields in its query; those of the same name that it had are gone."""
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in fields
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *fields.items()]), fragment=""))


def origin_of(url: str) -> str:
    """The origin of an address."""
    parts = urlsplit(url)
    return _origin(parts.scheme, parts.hostname or "", parts.port)


def _origin(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    is_usual = port is None or port == {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{name}" if is_usual else f"{scheme}://{name}:{port}"
