"""The columns of this service that are under the key ring."""

from libs.common.db.encrypted import Encrypted
from services.payments.payment_accounts.credentials import purpose_of
from services.payments.payment_accounts.models import PaymentAccount

ENCRYPTED = (Encrypted(PaymentAccount.sealed_credentials, purpose_of),)
