"""A provider as the flows use it, from the settings of the platform or from a row of a business.

The platform has those of its settings, and the rows of the operator.
"""

from dataclasses import dataclass, field
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.runtime.context import ServiceContext
from services.identity.oidc_providers.addresses import discovery_url, may_be_within
from services.identity.oidc_providers.models import WELL_KNOWN, OidcProvider, ProviderKind
from services.identity.oidc_providers.repository import OidcProviderRepository
from services.identity.oidc_providers.service import unseal
from services.identity.settings import OidcProviderSettings


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. `tenant_id` is whose it is; none: the platform's own, which is believed about e-mail addresses.

    `may_be_within`: whether its addresses may lead into our own network.
    """

    code: str
    name: str
    kind: ProviderKind
    discovery_url: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    directories: frozenset[str]
    may_be_within: bool
    tenant_id: UUID | None = None

    @property
    def issuer(self) -> str:
        """The issuer that the address stands for (OpenID Connect Discovery 1.0, section 4.3)."""
        return self.discovery_url.removesuffix(WELL_KNOWN)

    @property
    def is_believed(self) -> bool:
        """Whether an address that it calls verified is one. Directories of Microsoft let administrators set any."""
        return self.tenant_id is None and self.kind is not ProviderKind.MICROSOFT


async def find_provider(uow: UnitOfWork, code: str, tenant_id: UUID | None) -> Provider:
    """The provider of that code: the business's own, else the platform's. In the platform scope.

    Raises:
        NotFound: there is none.
    """
    if tenant_id is not None:
        row = await OidcProviderRepository(uow).usable(tenant_id, code)
        if row is not None:
            return _of_row(uow, row)
    return await _platform_provider(uow, code)


async def same_provider(uow: UnitOfWork, code: str, tenant_id: UUID | None) -> Provider:
    """The provider with which a sign-in began; one of the platform never stands in for a business's.

    Raises:
        NotFound: it is gone.
    """
    if tenant_id is None:
        return await _platform_provider(uow, code)
    row = await OidcProviderRepository(uow).usable(tenant_id, code)
    if row is None:
        raise _unknown()
    return _of_row(uow, row)


async def providers_of(uow: UnitOfWork, tenant_id: UUID | None) -> list[Provider]:
    """The providers that somebody can choose from: the business's own, and those of the platform it does not replace."""
    rows = OidcProviderRepository(uow)
    own = await rows.all_usable(tenant_id) if tenant_id is not None else []
    told = [_of_settings(uow.context, code) for code in uow.context.settings.oidc_providers]
    platform = [_of_row(uow, row) for row in await rows.all_usable(OPERATOR_TENANT_ID)]
    found: dict[str, Provider] = {}
    for provider in (*(_of_row(uow, row) for row in own), *told, *platform):
        found.setdefault(provider.code, provider)
    return sorted(found.values(), key=lambda provider: provider.name)


async def _platform_provider(uow: UnitOfWork, code: str) -> Provider:
    if code in uow.context.settings.oidc_providers:
        return _of_settings(uow.context, code)
    row = await OidcProviderRepository(uow).usable(OPERATOR_TENANT_ID, code)
    if row is None:
        raise _unknown()
    return _of_row(uow, row)


def _of_settings(context: ServiceContext, code: str) -> Provider:
    told: OidcProviderSettings = context.settings.oidc_providers[code]
    kind = ProviderKind(told.kind or (code if code in ("google", "microsoft") else "other"))
    # Whoever runs the platform may name any address, for trials too.
    url = told.discovery_url and discovery_url(ProviderKind.OTHER, told.discovery_url, told.directory)
    url = url or discovery_url(kind, None, told.directory)
    if url is None:
        raise _unknown()
    return Provider(
        code=code,
        name=told.name or code.title(),
        kind=kind,
        discovery_url=url,
        client_id=told.client_id,
        client_secret=told.client_secret.get_secret_value() if told.client_secret else None,
        scopes=tuple(told.scopes),
        directories=frozenset(told.directories),
        may_be_within=True,
    )


def _of_row(uow: UnitOfWork, row: OidcProvider) -> Provider:
    return Provider(
        code=row.code,
        name=row.name,
        kind=ProviderKind(row.kind),
        discovery_url=row.discovery_url,
        client_id=row.client_id,
        client_secret=unseal(uow.context.keyring, row),
        scopes=tuple(row.scopes),
        directories=frozenset(row.directories),
        may_be_within=may_be_within(uow.context),
        tenant_id=row.tenant_id if row.tenant_id != OPERATOR_TENANT_ID else None,
    )


def _unknown() -> NotFound:
    return NotFound("There is no such provider of outside accounts here.", resource="provider")
