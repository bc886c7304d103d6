"""What a request says about the business it is meant for; identity decides what follows from it."""

from functools import lru_cache, partial
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from gateway.exchange import Exchange
from libs.common.errors import ValidationFailed


class TenantHints(NamedTuple):
    """The three places a business may be named in; `host` only where it is not the platform's own."""

    company_id: UUID | None = None
    host: str | None = None
    query_company_id: UUID | None = None


class TenantReader:
    """Reads the hints. `public_url` is the platform's own address, whose host names no tenant."""

    def __init__(self, public_url: str) -> None:
        own_hosts = frozenset({(urlsplit(public_url).hostname or "").lower(), "localhost", ""})
        self._tenant_host = lru_cache(maxsize=4096)(partial(_tenant_host, own_hosts))

    def read(self, exchange: Exchange) -> TenantHints:
        """The hints of a request.

        Raises:
            ValidationFailed: `X-Company-Id` is not a UUID.
        """
        company_id = None
        header = exchange.header(b"x-company-id")
        if header is not None:
            company_id = _uuid(header.strip())
            if company_id is None:
                raise ValidationFailed(
                    "X-Company-Id must be a UUID.",
                    errors=[
                        {"loc": ["header", "X-Company-Id"], "msg": "must be a UUID", "type": "uuid_parsing"}
                    ],
                )
        query_company_id = None
        if b"company_id=" in exchange.query:
            # Not refused when malformed: lists of other services have a filter of that name.
            # Nor when repeated: the service refuses that, unless its filter takes several.
            query_company_id = _uuid(exchange.parameters().get("company_id", [""])[-1])
        return TenantHints(company_id, self._tenant_host(exchange.host), query_company_id)


def _tenant_host(own_hosts: frozenset[str], host: str) -> str | None:
    if host in own_hosts or len(host) > 253:
        return None
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host
    return None


@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
