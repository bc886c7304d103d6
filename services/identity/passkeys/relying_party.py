"""For whom a passkey is made: the platform, or a shop at its own host name (WebAuthn level 3, section 5.1.2).

A browser uses a passkey at the host it was made for and nowhere else, so passkeys do not carry from one host to another.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.domains.hosts import tenant_at
from services.identity.tenants.models import Tenant

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A host name, what people call it, and the origins that may speak for it."""

    id: str
    name: str
    origins: frozenset[str]
    # In development frontends run on any port of the machine itself.
    is_lenient: bool = False

    def accepts(self, origin: str) -> bool:
        """Whether a page at this origin may use passkeys of this relying party."""
        if origin in self.origins:
            return True
        if not self.is_lenient:
            return False
        try:
            parts = urlsplit(origin)
            host = parts.hostname or ""
            is_plain = origin == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
        except ValueError:
            return False
        return is_plain and parts.scheme in ("http", "https") and (host in _LOCAL or host == self.id)


async def relying_party(uow: UnitOfWork, host: str) -> RelyingParty:
    """The relying party at a host, in the platform scope: a shop where the host is one's own, else the platform."""
    is_lenient = not uow.context.common.is_production
    if host and host != _platform_host(uow):
        tenant_id = await tenant_at(uow, host)
        statement = select(Tenant.name).where(Tenant.tenant_id == tenant_id)
        name = await uow.session.scalar(statement) if tenant_id is not None else None
        if name is not None:
            return RelyingParty(host, name, frozenset({f"https://{host}"}), is_lenient)
    return platform_party(uow)


async def party_of(uow: UnitOfWork, rp_id: str) -> RelyingParty | None:
    """The relying party of an id, as it is now; None where a shop has given up the host."""
    platform = platform_party(uow)
    found = platform if rp_id == platform.id else await relying_party(uow, rp_id)
    return found if found.id == rp_id else None


def platform_party(uow: UnitOfWork) -> RelyingParty:
    """The platform itself."""
    settings, common = uow.context.settings, uow.context.common
    rp_id = settings.passkey_rp_id or _registrable(_platform_host(uow))
    origins = settings.passkey_origins
    if origins is None:
        parts = urlsplit(common.public_url)
        origins = [f"{parts.scheme}://{parts.netloc}"]
    return RelyingParty(rp_id, settings.passkey_rp_name, frozenset(origins), not common.is_production)


def host_of(header: str | None) -> str:
    """The host name in a Host header, without its port, as domains are written."""
    try:
        return (urlsplit(f"//{header or ''}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _platform_host(uow: UnitOfWork) -> str:
    return (urlsplit(uow.context.common.public_url).hostname or "").lower()


def _registrable(host: str) -> str:
    # An address is no relying party; browsers take `localhost` for one.
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"
