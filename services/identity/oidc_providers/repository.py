"""All SQL of providers of outside accounts."""

from uuid import UUID

from libs.common.db.repository import Repository
from services.identity.oidc_providers.models import OidcProvider


class OidcProviderRepository(Repository[OidcProvider]):
    """Providers of one business."""

    model = OidcProvider

    async def usable(self, tenant_id: UUID, code: str) -> OidcProvider | None:
        """The provider of a business by its code, where one can sign in with it."""
        return await self.find(
            OidcProvider.tenant_id == tenant_id, OidcProvider.code == code, OidcProvider.is_active.is_(True)
        )

    async def all_usable(self, tenant_id: UUID) -> list[OidcProvider]:
        """The providers of a business with which one can sign in."""
        return await self.find_all(
            OidcProvider.tenant_id == tenant_id, OidcProvider.is_active.is_(True), limit=50
        )
