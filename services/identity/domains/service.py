"""The rules of domains."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import ValidationFailed
from libs.common.resource import ResourceService
from libs.contracts.identity import AccessChanged
from services.identity.domains.models import Domain
from services.identity.domains.repository import DomainRepository


class DomainService(ResourceService[Domain]):
    """Host names of a business."""

    repository = DomainRepository
    noun = "domain"

    async def prepare(self, values: dict[str, Any], row: Domain | None) -> dict[str, Any]:
        """Write the host as requests bring it, and keep the platform's own out."""
        host = values["host"].lower().rstrip(".")
        if host in self._reserved or host.endswith(".localhost") or _is_address(host):
            problem = {"loc": ["body", "host"], "msg": "is not for businesses", "type": "reserved_host"}
            raise ValidationFailed("This host name is not for businesses.", errors=[problem])
        return {**values, "host": host}

    async def create(self, body: BaseModel) -> Domain:
        """Add a host name."""
        row = await super().create(body)
        self._lead_elsewhere()
        return row

    async def update(self, row_id: UUID, body: BaseModel) -> Domain:
        """Change a host name."""
        row = await super().update(row_id, body)
        self._lead_elsewhere()
        return row

    async def before_delete(self, row: Domain) -> None:
        """Let no host name lead here that is gone."""
        self._lead_elsewhere()

    def _lead_elsewhere(self) -> None:
        # Who comes by a host name may be anyone, and what he may do depends on where it leads.
        self.uow.emit(AccessChanged.of())

    @property
    def _reserved(self) -> set[str]:
        return {(urlsplit(self.uow.context.common.public_url).hostname or "").lower(), "localhost"}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
