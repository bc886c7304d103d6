"""The clients' own book: every answer they were given, to be held against what the API says in the end."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class OrderEntry:
    """One order as its buyer knows it; `payments` by their ids with what the provider's page said.

    `refused` is the slug of a final refusal, `tries` how often the buyer had asked by then: a try whose answer was
    lost may still be on its way, and succeed after a later one was refused. Nobody pays that order, and it lapses.
    """

    email: str
    shop: str
    cart: str
    order: dict[str, Any] | None = None
    refused: str | None = None
    tries: int = 0
    doubtful: bool = False
    payments: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=dict)
    cancelled: bool = False
    shipped: bool = False

    @property
    def order_id(self) -> str | None:
        """The order's id, once a 201 has named it."""
        return self.order["id"] if self.order else None


@dataclass
class BusinessEntry:
    """One registration as its owner and the staff know it; `decided` is `won`, `lost` or nothing yet."""

    email: str
    company: str
    registration: str
    decided: str | None = None
    closed: bool = False


@dataclass
class SubscriptionEntry:
    """One subscription as its business knows it; its periods, a day each, begin at `begins` and one day after another.

    `sold` is what the business was told when it sold it. `quantity` is what it was changed to last, `ended` the number of
    periods billed when it was told that it ends with the current one. `paid` are the invoices that were settled.
    `unsure`: a change or its end was asked for, and no answer came. `dunned` is the status in which one ends that
    nobody pays.
    """

    email: str
    shop: str
    begins: datetime
    sold: dict[str, Any] | None = None
    doubtful: bool = False
    quantity: int = 1
    unsure: bool = False
    ended: int | None = None
    paid: list[str] = field(default_factory=list)
    dunned: str | None = None


@dataclass
class TalkEntry:
    """A conversation with the assistant, and the answers that were given in it by the ids of their messages."""

    shop: str
    id: str
    answers: dict[str, str] = field(default_factory=dict)
    asked: int = 0


@dataclass
class Strange:
    """An answer that no fault excuses."""

    method: str
    path: str
    status: int
    text: str


class Book:
    """What all clients were told.

    Attributes:
        statuses: how often each status came.
        without_retry_after: 503 and 429 answers that did not say when to come back.
        slowest: the longest that any one request took, with its path.
        contacts: those that were added, by shop.
        failed: tries that were not answered for good, counted where clients are strict.
        gave_up: requests that had no final answer within the client's patience.
    """

    def __init__(self) -> None:
        self.orders: list[OrderEntry] = []
        self.businesses: list[BusinessEntry] = []
        self.subscriptions: list[SubscriptionEntry] = []
        self.contacts: defaultdict[str, set[str]] = defaultdict(set)
        self.talks: list[TalkEntry] = []
        self.statuses: Counter[str] = Counter()
        self.without_retry_after: Counter[str] = Counter()
        self.strange: list[Strange] = []
        self.slowest: tuple[float, str] = (0.0, "")
        self.retries: Counter[str] = Counter()
        self.gave_up: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.replays = 0
        self.notes: defaultdict[str, int] = defaultdict(int)

    def answered(self, status: str, seconds: float, path: str) -> None:
        """Note one answer, or the way in which none came."""
        self.statuses[status] += 1
        if seconds > self.slowest[0]:
            self.slowest = (seconds, path)

    @property
    def accepted(self) -> list[OrderEntry]:
        """The orders that were answered with 201."""
        return [entry for entry in self.orders if entry.order is not None]
