"""The rules of payment accounts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from libs.common.errors import NotFound, ValidationFailed
from libs.common.ids import new_id
from libs.common.resource import ResourceService
from services.payments.payment_accounts.credentials import merchant_of, open_credentials, seal
from services.payments.payment_accounts.errors import AccountAlreadyActive, AccountFixed, SandboxDisabled
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.providers.base import Merchant
from services.payments.providers.registry import provider_of


class PaymentAccountService(ResourceService[PaymentAccount]):
    """Accounts at payment providers."""

    repository = PaymentAccountRepository
    noun = "payment account"
    secret_fields = frozenset({"sealed_credentials"})
    rows: PaymentAccountRepository

    async def prepare(self, values: dict[str, Any], row: PaymentAccount | None) -> dict[str, Any]:
        """Seal the credentials, and keep one active account per provider and currency."""
        values = dict(values)
        given = values.pop("credentials", None)
        name = row.provider if row else values["provider"]
        currency = row.currency if row else values["currency"]
        if row and (values.pop("provider", name), values.pop("currency", currency)) != (name, currency):
            raise AccountFixed("Add another account for another provider or currency.")
        provider = provider_of(self.uow.context, name)
        if row is None:
            self._check_offered(name)
            if provider.currencies is not None and currency not in provider.currencies:
                raise ValidationFailed(f"{name} takes {', '.join(sorted(provider.currencies))} only.")
            values["id"] = new_id()
        if row is None or given:
            ring = self.uow.context.keyring
            known = open_credentials(ring, row) if row else {}
            kept = provider.complete_credentials(given or {}, known)
            values["sealed_credentials"] = seal(ring, row.id if row else values["id"], kept)
        if values.get("is_active") and await self._other_active(name, currency, row):
            raise AccountAlreadyActive(f"Another {name} account takes {currency} already.")
        return values

    async def merchant(self, account_id: UUID) -> tuple[str, Merchant]:
        """The provider's name and the account as its client takes it.

        Raises:
            NotFound: there is no such account.
        """
        account = await self.get(account_id)
        return account.provider, merchant_of(self.uow.context.keyring, account)

    def for_checkout(
        self, accounts: Sequence[PaymentAccount], account_id: UUID | None
    ) -> PaymentAccount | None:
        """Which of the accounts that take the currency is paid through: the one named, or the first that acts online.

        Raises:
            NotFound: the one named is none of them.
        """
        if account_id is not None:
            named = next((account for account in accounts if account.id == account_id), None)
            if named is None:
                raise NotFound("No such account takes this currency.", resource=self.noun)
            return named
        online = (a for a in accounts if provider_of(self.uow.context, a.provider).is_online)
        return next(online, next(iter(accounts), None))

    async def _other_active(self, name: str, currency: str, row: PaymentAccount | None) -> bool:
        accounts = await self.rows.active(currency)
        return any(a.provider == name and (row is None or a.id != row.id) for a in accounts)

    def _check_offered(self, name: str) -> None:
        enabled = self.uow.context.settings.sandbox_enabled
        if enabled is None:
            enabled = not self.uow.context.common.is_production
        if name == "sandbox" and not enabled:
            raise SandboxDisabled("Set PAYMENTS_SANDBOX_ENABLED to allow it.")
