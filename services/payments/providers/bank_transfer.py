"""Payment by bank transfer: the buyer gets instructions, a person confirms what arrived and what was sent back."""

from collections.abc import Mapping
from datetime import datetime

from services.payments.providers.base import (
    Checkout,
    CheckoutRequest,
    CheckoutState,
    InvalidCredentials,
    InvalidSignature,
    ManualOnly,
    Merchant,
    Notice,
    RefundRequest,
    RefundState,
    Status,
)

_REQUIRED = ("account_holder", "bank", "account_number")
_OPTIONAL = ("branch_code", "bic")
_LONGEST = 100


class BankTransferProvider:
    """Knows an account number and nothing else; no call leaves the process."""

    name = "bank_transfer"
    is_online = False
    currencies: frozenset[str] | None = None

    def complete_credentials(self, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """The account that money is to be sent to."""
        kept = {**known, **given}
        unknown = sorted(set(kept) - {*_REQUIRED, *_OPTIONAL})
        missing = [name for name in _REQUIRED if not kept.get(name)]
        if unknown or missing:
            raise InvalidCredentials(
                f"A bank account needs {', '.join(_REQUIRED)} and may have {', '.join(_OPTIONAL)}."
            )
        if any(len(value) > _LONGEST for value in kept.values()):
            raise InvalidCredentials(f"No field of a bank account is longer than {_LONGEST} characters.")
        return kept

    async def check(self, merchant: Merchant) -> str:
        """Nobody can be asked."""
        return "The account details are complete; transfers are confirmed by hand."

    async def create_checkout(self, merchant: Merchant, request: CheckoutRequest) -> Checkout:
        """Tell the buyer where to send the money, and with which reference."""
        reference = request.description[-30:]
        return Checkout(
            id=str(request.reference),
            redirect_url=None,
            instructions={**merchant.credentials, "reference": reference, "amount": str(request.amount)},
        )

    async def fetch(self, merchant: Merchant, checkout_id: str) -> CheckoutState:
        """Nothing is known before a person says so."""
        return CheckoutState(status=Status.PENDING)

    async def refund(self, merchant: Merchant, request: RefundRequest) -> RefundState:
        """Wait for a person to send the money back."""
        return RefundState(
            id=str(request.reference),
            status=Status.PENDING,
            amount=request.amount,
            reference=request.reference,
        )

    def parse_webhook(
        self, merchant: Merchant, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notice:
        """No bank sends any."""
        raise InvalidSignature("No webhooks are taken for bank transfers.") from ManualOnly()
