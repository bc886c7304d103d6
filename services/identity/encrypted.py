"""The columns of this service that are under the key ring."""

from libs.common.db.encrypted import Encrypted
from services.identity.mfa.models import TotpFactor
from services.identity.mfa.service import purpose as totp_seed
from services.identity.signing_keys.models import SigningKey
from services.identity.signing_keys.service import PURPOSE as SIGNING_KEY

ENCRYPTED = (Encrypted(SigningKey.private_pem, SIGNING_KEY), Encrypted(TotpFactor.seed, totp_seed))
