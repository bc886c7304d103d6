"""Sealing and opening the credentials of an account."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from libs.common.crypto import KeyRing
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.base import Merchant


def purpose_of(account_id: UUID) -> str:
    """What the credentials of an account are bound to."""
    return f"payment_accounts.credentials:{account_id}"


def seal(keyring: KeyRing, account_id: UUID, credentials: Mapping[str, str]) -> str:
    """The credentials as they are stored; they open for this account only."""
    return keyring.encrypt(orjson.dumps(dict(credentials)).decode(), purpose=purpose_of(account_id))


def open_credentials(keyring: KeyRing, account: PaymentAccount) -> dict[str, str]:
    """The credentials of an account."""
    plain = keyring.decrypt(account.sealed_credentials, purpose=purpose_of(account.id))
    found: dict[str, str] = orjson.loads(plain)
    return found


def merchant_of(keyring: KeyRing, account: PaymentAccount) -> Merchant:
    """The account as provider clients take it."""
    return Merchant(
        tenant_id=account.tenant_id,
        account_id=account.id,
        currency=account.currency,
        credentials=open_credentials(keyring, account),
    )
