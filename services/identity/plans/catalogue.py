"""What plans limit, and the plans of a new installation in one place to read.

Seeding adds the plans that are missing; what the platform's staff made of them stays.
"""

from dataclasses import dataclass, field

from libs.contracts.features import API_KEYS, DESCRIBED, ORDERS, SUPPLIERS


class Code:
    """What a plan may limit: rows that there are at one time, and (by month) what is done."""

    MEMBERS = "identity.members"
    API_KEYS = "identity.api_keys"
    DOMAINS = "identity.domains"
    PRODUCTS = "catalog.products"
    STORES = "catalog.stores"
    MESSAGES = "notifications.messages"


@dataclass(frozen=True, slots=True)
class SeededPlan:
    """One plan of a new installation; amounts in minor units."""

    code: str
    name: str
    description: str
    rank: int
    price_amount: int
    features: tuple[str, ...]
    limits: dict[str, int] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    trial_days: int = 0


SEEDED_PLANS: tuple[SeededPlan, ...] = (
    SeededPlan(
        "free",
        "Free",
        "A small shop, and what is left of other plans when they end",
        0,
        0,
        (ORDERS,),
        {Code.MEMBERS: 3, Code.API_KEYS: 0, Code.DOMAINS: 1, Code.PRODUCTS: 100, Code.STORES: 1},
        {Code.MESSAGES: 100},
    ),
    SeededPlan(
        "starter",
        "Starter",
        "A shop with suppliers and programs of its own",
        10,
        9_900,
        (ORDERS, SUPPLIERS, API_KEYS),
        {Code.MEMBERS: 10, Code.API_KEYS: 5, Code.DOMAINS: 3, Code.PRODUCTS: 5_000, Code.STORES: 3},
        {Code.MESSAGES: 2_000},
        trial_days=14,
    ),
    # What every business has had before there were plans, and has unless it chooses another one.
    SeededPlan("standard", "Standard", "Everything, for most businesses", 20, 49_900, tuple(DESCRIBED)),
    SeededPlan(
        "enterprise", "Enterprise", "Everything, with help", 30, 199_900, tuple(DESCRIBED), trial_days=30
    ),
)
