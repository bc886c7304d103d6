"""All SQL of tenants."""

import re
import secrets
import unicodedata
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.exc import IntegrityError

from libs.common.db.repository import Repository
from services.identity.privacy_requests.models import PrivacyRequest, RequestKind
from services.identity.tenants.errors import SlugTaken
from services.identity.tenants.models import Tenant

_LONGEST_SLUG = 60


def over(now: Any) -> tuple[ColumnElement[bool], ...]:
    """That a business has closed, its time is over and nobody erases its data yet; in the platform scope."""
    erasing = exists().where(
        PrivacyRequest.tenant_id == Tenant.tenant_id, PrivacyRequest.kind == RequestKind.CLOSING
    )
    return Tenant.status == "closed", Tenant.erased_at.is_(None), Tenant.kept_until <= now, ~erasing


class TenantRepository(Repository[Tenant]):
    """Businesses: all of them in the platform scope, else the one acted in."""

    model = Tenant

    async def get(self, row_id: UUID, *, lock: bool = False) -> Tenant | None:
        """The business with this id, or None; `lock` takes it FOR UPDATE."""
        return await self.find(Tenant.tenant_id == row_id, Tenant.id == row_id, lock=lock)

    async def has_slug(self, slug: str) -> bool:
        """Whether a business of the platform has this slug."""
        return await self.session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None

    async def over(self, now: datetime, limit: int) -> list[Tenant]:
        """Closed businesses whose time is over and that nobody erases yet, locked."""
        statement = (
            select(Tenant)
            .where(*over(now))
            .order_by(Tenant.kept_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self.session.execute(statement)).scalars())

    async def add_with_slug(self, row: Tenant) -> Tenant:
        """Insert a business, under a slug made from its name that nobody has."""
        base = slugify(row.name)
        slug = base
        while True:
            if not await self.has_slug(slug):
                row.slug = slug
                try:
                    return await self.add(row)
                except SlugTaken:
                    # Somebody took it between the look and the insert.
                    pass
            slug = f"{base}-{secrets.token_hex(3)}"

    async def add(self, row: Tenant) -> Tenant:
        """Insert a business under the slug it has.

        Raises:
            SlugTaken: another has it.
        """
        try:
            async with self.session.begin_nested():
                return await super().add(row)
        except IntegrityError as error:
            if "uq_tenants_slug" in str(error.orig):
                raise SlugTaken from None
            raise


def slugify(name: str) -> str:
    """A name as part of an address: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "shop"
