"""Where a buyer may be sent back to: home and the allowed origins, or phishers would use our pages."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from libs.common.settings import CommonSettings
from services.payments.checkouts.errors import ReturnUrlRefused
from services.payments.settings import PaymentsSettings

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> tuple[str, str, int] | None:
    """The scheme, host and port of an http(s) address, or None for anything else."""
    # Browsers drop control characters and read backslashes as slashes; what they would read differently is refused.
    if any(ord(character) <= 32 or character in "\\\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.rstrip(".").lower(), port or _PORTS[parts.scheme]


def allowed_origins(common: CommonSettings, settings: PaymentsSettings) -> list[str] | None:
    """The origins a buyer may be sent back to; None where any will do: outside production, unless some are set."""
    if settings.return_origins is None and not common.is_production:
        return None
    return [common.public_url, *(settings.return_origins or ())]


def check_return_url(url: str | None, allowed: Iterable[str] | None) -> None:
    """Refuse an address that is not plain http(s), or whose origin is not among the allowed ones (None: any is).

    Raises:
        ReturnUrlRefused: it is not.
    """
    if url is None:
        return
    origin = origin_of(url)
    if origin is None or (allowed is not None and origin not in {origin_of(known) for known in allowed}):
        raise ReturnUrlRefused("return_url must lead to this platform or to an allowed origin.")
