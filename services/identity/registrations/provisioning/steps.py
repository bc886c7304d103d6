"""The steps by which an approved business is set up, in one place to read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """A step: its name, who does it, and whether that service begins when it hears of the activation."""

    name: str
    service: str
    begins_with_activation: bool = False


ACTIVATE, OWNER = "activate_company", "owner_membership"
STEPS = (
    Plan(ACTIVATE, "identity"),
    Plan(OWNER, "identity"),
    Plan("default_product", "catalog"),
    Plan("default_store", "catalog", begins_with_activation=True),
    Plan("default_pipeline", "crm", begins_with_activation=True),
    Plan("merchant_profile", "payments", begins_with_activation=True),
)
