"""The rules of domains."""

import asyncio
import secrets
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from libs.common.errors import AlreadyExists, NotFound, ValidationFailed
from libs.common.resource import ResourceService
from libs.contracts.identity import AccessChanged, DomainProofMissing
from services.identity.domains.errors import DomainNotVerified
from services.identity.domains.models import Domain
from services.identity.domains.proofs import Proofs
from services.identity.domains.repository import DomainRepository
from services.identity.domains.schemas import DomainOut, Method, verification_of


class DomainService(ResourceService[Domain]):
    """Host names of a business. One leads to it once it is verified."""

    repository = DomainRepository
    noun = "domain"

    async def prepare(self, values: dict[str, Any], row: Domain | None) -> dict[str, Any]:
        """Write the host as requests bring it, and keep the platform's own out. Another host is to be proven anew."""
        if "host" not in values:
            return values
        host = values["host"].lower().rstrip(".")
        if host in self._reserved or host.endswith(".localhost") or _is_address(host):
            problem = {"loc": ["body", "host"], "msg": "is not for businesses", "type": "reserved_host"}
            raise ValidationFailed("This host name is not for businesses.", errors=[problem])
        if row is not None and row.host == host:
            return {"host": host}
        token = secrets.token_hex(16)
        return {"host": host, "token": token, "verified_at": None, "verified_by": None, "misses": 0}

    async def update(self, row_id: UUID, body: BaseModel) -> Domain:
        """Change a host name."""
        row = await super().update(row_id, body)
        self._lead_elsewhere()
        return row

    async def before_delete(self, row: Domain) -> None:
        """Let no host name lead here that is gone."""
        self._lead_elsewhere()

    async def verified(self, row_id: UUID, host: str, method: Method | None) -> Domain:
        """Note what was found out about a host name: by which method it is proven, if by one.

        Raises:
            AlreadyExists: another business has proven that it is its own.
            NotFound: it was removed or changed meanwhile.
        """
        row = await self.get(row_id, lock=True)
        if row.host != host:
            raise NotFound("The host name was changed meanwhile.", resource=self.noun)
        row.checked_at = self.uow.now
        if method is not None and row.verified_at is None:
            row.verified_at, row.verified_by, row.misses = self.uow.now, str(method), 0
            try:
                async with self.uow.session.begin_nested():
                    await self.rows.save(row)
            except IntegrityError as error:
                if "uq_domains_proven" in str(error.orig):
                    raise AlreadyExists(
                        "Another business has proven that this host name is its own."
                    ) from None
                raise
            self.uow.audit("verified", self.noun, row.id, after={"host": host, "by": str(method)})
            self._lead_elsewhere()
        else:
            await self.uow.session.flush()
        self.uow.tag(row.version)
        return row

    async def looked_again(self, row: Domain, host: str, is_shown: bool) -> None:
        """Note whether the DNS still shows the proof of a host name. After several times that it does not, in a row, the
        host name leads here no more; those who run the business hear of the first time and of the last.

        Needs the scope of the business, and the row locked.
        """
        if row.host != host or row.verified_at is None:
            return
        row.checked_at = self.uow.now
        before, row.misses = row.misses, 0 if is_shown else row.misses + 1
        lost_after = self.uow.context.settings.domain_lost_after
        if is_lost := row.misses >= lost_after:
            row.verified_at = row.verified_by = None
            self.uow.audit("proof_lost", self.noun, row.id, after={"host": host})
            self._lead_elsewhere()
        if is_lost or (row.misses == 1 and before == 0):
            seconds = self.uow.context.settings.domain_recheck_seconds * (lost_after - row.misses)
            self.uow.emit(
                DomainProofMissing(
                    company_id=row.tenant_id,
                    domain_id=row.id,
                    host=host,
                    record=verification_of(host, row.token or "").dns.name,
                    is_lost=is_lost,
                    lost_at=self.uow.now + timedelta(seconds=seconds),
                )
            )
        await self.rows.save(row)

    def _lead_elsewhere(self) -> None:
        # Who comes by a host name may be anyone, and what he may do depends on where it leads.
        self.uow.emit(AccessChanged.of())

    @property
    def _reserved(self) -> set[str]:
        return {(urlsplit(self.uow.context.common.public_url).hostname or "").lower(), "localhost"}


async def prove(proofs: Proofs, host: str, token: str, method: Method | None) -> Method | None:
    """By which method a host name shows a token, if by one; no transaction is open meanwhile."""
    looked_for = verification_of(host, token)

    async def by_dns() -> bool:
        record = looked_for.dns
        return record.value in [text.strip() for text in await proofs.texts(record.name)]

    async def by_file() -> bool:
        found = await proofs.file(looked_for.file.url)
        return found is not None and looked_for.file.content in found.split()

    ways = {Method.DNS: by_dns, Method.FILE: by_file}
    tried = [method] if method is not None else list(ways)
    shown = await asyncio.gather(*(ways[one]() for one in tried))
    return next((one for one, is_shown in zip(tried, shown, strict=True) if is_shown), None)


def not_verified(shown: DomainOut) -> DomainNotVerified:
    """That a host name shows no token, and what is looked for."""
    looked_for = shown.verification.model_dump() if shown.verification else None
    return DomainNotVerified(
        "The token is not to be seen yet; the DNS may take some time.", verification=looked_for
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
