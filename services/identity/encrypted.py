"""The columns of this service that are under the key ring."""

from libs.common.db.encrypted import Encrypted
from services.identity.mfa.models import TotpFactor
from services.identity.mfa.service import purpose as totp_seed
from services.identity.oidc.binding import PURPOSE as OIDC_VERIFIER
from services.identity.oidc.models import OidcFlow
from services.identity.oidc_providers.models import OidcProvider
from services.identity.oidc_providers.service import purpose_of as oidc_secret
from services.identity.privacy_requests.models import PrivacyPart, PrivacyReceipt
from services.identity.privacy_requests.service import part_of, whole_of
from services.identity.signing_keys.models import SigningKey
from services.identity.signing_keys.service import PURPOSE as SIGNING_KEY

ENCRYPTED = (
    Encrypted(SigningKey.private_pem, SIGNING_KEY),
    Encrypted(TotpFactor.seed, totp_seed),
    Encrypted(OidcProvider.sealed_secret, oidc_secret),
    Encrypted(OidcFlow.sealed_verifier, OIDC_VERIFIER),
    Encrypted(PrivacyReceipt.sealed_part, whole_of),
    Encrypted(PrivacyPart.sealed, part_of),
)
