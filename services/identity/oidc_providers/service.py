"""The rules of providers of outside accounts."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.crypto import KeyRing
from libs.common.db.locks import one_at_a_time
from libs.common.errors import PermissionDenied, ValidationFailed
from libs.common.http.outside import AddressRefused, check_address, check_outside
from libs.common.ids import new_id
from libs.common.permissions import ALL
from libs.common.resource import ResourceService
from libs.common.schema import PatchSchema
from services.identity.oidc_providers.addresses import discovery_url, may_be_within
from services.identity.oidc_providers.errors import ProviderFixed, TooManyProviders
from services.identity.oidc_providers.models import OidcProvider
from services.identity.oidc_providers.repository import OidcProviderRepository

MOST = 50


class OidcProviderService(ResourceService[OidcProvider]):
    """The providers of the business acted in; those of the operator's are the platform's."""

    repository = OidcProviderRepository
    noun = "oidc_provider"
    secret_fields = frozenset({"sealed_secret"})
    _is_patch = False

    async def prepare(self, values: dict[str, Any], row: OidcProvider | None) -> dict[str, Any]:
        """Seal the secret, and let addresses lead outside only."""
        self._check_platform()
        values = dict(values)
        if row is None:
            values["id"] = new_id()
            await self._check_room()
        else:
            fixed = (values.pop("code", row.code), values.pop("kind", row.kind))
            if fixed != (row.code, row.kind):
                raise ProviderFixed("Add another provider for another code or kind.")
        self._address(values, row)
        if "scopes" in values:
            values["scopes"] = ["openid", *dict.fromkeys(s for s in values["scopes"] if s != "openid")]
        if "directories" in values:
            values["directories"] = sorted({str(each) for each in values["directories"]})
        self._secret(values, row)
        values.pop("directory", None)
        return values

    async def update(self, row_id: UUID, body: BaseModel) -> OidcProvider:
        """Change a provider. A PUT has all fields, and one without a secret keeps the one there is."""
        self._is_patch = isinstance(body, PatchSchema)
        return await super().update(row_id, body)

    async def before_delete(self, row: OidcProvider) -> None:
        """Let superadministrators alone remove one of the platform's."""
        self._check_platform()

    def _check_platform(self) -> None:
        # The platform's providers are believed about e-mail addresses, so whoever sets one up can be anybody.
        if self.uow.tenant_id == OPERATOR_TENANT_ID and not self.uow.actor.may(ALL):
            raise PermissionDenied(
                "Only superadministrators change the platform's providers.", required_permission=ALL
            )

    def _secret(self, values: dict[str, Any], row: OidcProvider | None) -> None:
        is_given = "client_secret" in values
        secret = values.pop("client_secret", None)
        if secret is not None:
            provider_id = values["id"] if row is None else row.id
            values["sealed_secret"] = seal(self.uow.context.keyring, provider_id, secret.get_secret_value())
        elif is_given and (row is None or self._is_patch):
            values["sealed_secret"] = None
        elif (
            row is not None
            and row.has_secret
            and values.get("discovery_url", row.discovery_url) != row.discovery_url
        ):
            # The secret would be sent to whoever is at the new address.
            raise ValidationFailed.of("client_secret", "is needed again where the address changes", "missing")

    def _address(self, values: dict[str, Any], row: OidcProvider | None) -> None:
        kind = row.kind if row is not None else values["kind"]
        given = values.pop("discovery_url", None)
        if row is not None and given is None and "directory" not in values:
            return
        url = discovery_url(
            kind, given or (row.discovery_url if row else None), values.get("directory", "common")
        )
        if url is None:
            raise ValidationFailed.of(
                "discovery_url", "is needed for a provider of the kind other", "missing"
            )
        try:
            (check_address if may_be_within(self.uow.context) else check_outside)(url)
        except AddressRefused as error:
            raise ValidationFailed.of("discovery_url", str(error), "address_refused") from error
        values["discovery_url"] = url

    async def _check_room(self) -> None:
        await one_at_a_time(self.uow, f"oidc_providers:{self.uow.tenant_id}")
        count = select(func.count()).select_from(self.rows.select().subquery())
        if int(await self.uow.session.scalar(count) or 0) >= MOST:
            raise TooManyProviders(f"There are {MOST} providers already.")


def purpose_of(provider_id: UUID) -> str:
    """What the secret of a provider is bound to."""
    return f"oidc_providers.secret:{provider_id}"


def seal(keyring: KeyRing, provider_id: UUID, secret: str) -> str:
    """The secret as it is stored; it opens for this provider only."""
    return keyring.encrypt(secret, purpose=purpose_of(provider_id))


def unseal(keyring: KeyRing, provider: OidcProvider) -> str | None:
    """The secret of a provider."""
    if provider.sealed_secret is None:
        return None
    return keyring.decrypt(provider.sealed_secret, purpose=purpose_of(provider.id))
