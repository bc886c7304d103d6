"""What stands for a first factor that cannot be shown again, until the second one comes: sealed, and kept nowhere."""

import orjson

from libs.common.crypto import DecryptionFailed
from libs.common.runtime.context import ServiceContext
from services.identity.auth.factor import FirstFactor
from services.identity.mfa.errors import MfaTokenInvalid

_PURPOSE = "auth.first_factor"
_SECONDS = 300


def seal(context: ServiceContext, first: FirstFactor) -> str:
    """The first factor as a token that only identity can read, good for five minutes."""
    document = {
        "user_id": str(first.user_id),
        "amr": first.amr,
        "is_remembered": first.is_remembered,
        "until": context.clock.now().timestamp() + _SECONDS,
    }
    return context.keyring.encrypt(orjson.dumps(document).decode(), purpose=_PURPOSE)


def unseal(context: ServiceContext, token: str) -> FirstFactor:
    """The first factor that a token stands for.

    Raises:
        MfaTokenInvalid: it is not ours, or has expired.
    """
    try:
        document = orjson.loads(context.keyring.decrypt(token, purpose=_PURPOSE))
    except (DecryptionFailed, ValueError):
        raise MfaTokenInvalid from None
    if document["until"] < context.clock.now().timestamp():
        raise MfaTokenInvalid
    return FirstFactor.of(document)
