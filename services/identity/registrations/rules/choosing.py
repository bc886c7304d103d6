"""Which rule holds for an application: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.common.money import Money
from services.identity.registrations.requirements.matching import fits, specificity
from services.identity.registrations.rules.models import DealCounts, Rule
from services.identity.roles.catalogue import STAFF_ADMIN


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for an application. Without any rule: one approval, the deal decides, no time limit."""

    approvals: int = 1
    deal_counts: str = DealCounts.DECISION
    review_seconds: int | None = None
    applicant_seconds: int | None = None
    repeat_seconds: int | None = None
    escalate_to_id: UUID | None = None
    escalate_role: str = STAFF_ADMIN


def choose(rules: Iterable[Rule], product: str, country: str | None, amounts: Sequence[Money]) -> Terms:
    """The terms of the most specific rule: by product, then country, then the highest amount reached, then age.

    Nothing is converted here. An amount in a currency that no rule has which fits the application may be worth
    anything, so it reaches every amount; of several rules alike specific the one that asks for most then counts.
    """
    fitting = [rule for rule in rules if rule.is_active and fits(rule, product, country)]
    known = {rule.currency for rule in fitting if rule.from_minor is not None}
    # Nothing is worth nothing in every currency.
    is_unknown = any(amount.amount > 0 and amount.currency not in known for amount in amounts)
    holding = [rule for rule in fitting if is_unknown or _reached(rule, amounts)]
    if not holding:
        return Terms()
    best = max(
        holding,
        key=lambda rule: (
            specificity(rule),
            rule.from_minor is not None,
            (rule.approvals, rule.deal_counts == DealCounts.VOTE) if is_unknown else (),
            rule.from_minor or 0,
            rule.created_at,
            rule.id,
        ),
    )
    return Terms(**{name: getattr(best, name) for name in Terms.__slots__})


def _reached(rule: Rule, amounts: Sequence[Money]) -> bool:
    if rule.from_minor is None:
        return True
    return any(a.currency == rule.currency and a.amount >= rule.from_minor for a in amounts)
