"""Asks the rules that the caller may see, and puts what they find in order."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidCursor
from libs.common.money import Money
from services.analytics.insights.evidence import Interval, Refusal, too_little
from services.analytics.insights.next_best_actions.candidate import Asked, Candidate, Chance, Found
from services.analytics.insights.next_best_actions.rules import deals, tasks, trade
from services.analytics.insights.next_best_actions.rules.deals import DealHistory
from services.analytics.insights.next_best_actions.schemas import (
    ActionObject,
    Kind,
    NextBestAction,
    NextBestActionPage,
    NextBestActionQuery,
    ObjectType,
    Probability,
    Rule,
    SuggestedAction,
)
from services.analytics.reports.period import Period
from services.analytics.reports.repository import ReportRepository

_DEALS, _TASKS, _INVOICES = "crm.deals.read", "crm.tasks.read", "payments.invoices.read"


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at things: what it tells of, what the caller must be allowed to see, and what does it."""

    kinds: tuple[Kind, ...]
    object_type: ObjectType
    permission: str
    run: Callable[[UnitOfWork, Asked, DealHistory], Awaitable[Found]]
    # Whether what it finds belongs to a person, and to a deal.
    is_somebodys: bool = False


def _plain(rule: Callable[[UnitOfWork, Asked], Awaitable[Found]]) -> Any:
    async def run(uow: UnitOfWork, asked: Asked, _: DealHistory) -> Found:
        return await rule(uow, asked)

    return run


async def _overdue_tasks(uow: UnitOfWork, asked: Asked, history: DealHistory) -> Found:
    return await tasks.overdue(uow, asked, history, shows_deals=uow.actor.may(_DEALS))


_LOOKS = (
    _Look((Kind.OVERDUE_TASK,), ObjectType.TASK, _TASKS, _overdue_tasks, is_somebodys=True),
    _Look((Kind.STALLED_DEAL,), ObjectType.DEAL, _DEALS, deals.stalled, is_somebodys=True),
    _Look((Kind.CLOSE_DATE_PASSED,), ObjectType.DEAL, _DEALS, deals.close_date_passed, is_somebodys=True),
    _Look((Kind.DEAL_WITHOUT_TASK,), ObjectType.DEAL, _DEALS, deals.without_task, is_somebodys=True),
    _Look((Kind.OVERDUE_INVOICE, Kind.UNPAID_INVOICE), ObjectType.INVOICE, _INVOICES, _plain(trade.unpaid)),
    _Look((Kind.RESTOCK,), ObjectType.VARIANT, "catalog.stock.read", _plain(trade.restock)),
    _Look((Kind.REPEAT_PURCHASE,), ObjectType.ORDER, "orders.orders.read", _plain(trade.repeat_purchase)),
)


class NextBestActionService:
    """What the people of one business could do next."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def list(self, query: NextBestActionQuery) -> NextBestActionPage:
        """One page of what is there to do now, by the rules that the caller's permissions and the filters leave.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        uow, now = self.uow, self.uow.now
        after = self._after(query)
        clock = Period(tz=query.tz)
        today = clock.local(now).date()
        asked = Asked(
            now=now,
            today=today,
            midnight=clock.start(datetime.combine(today, time())).astimezone(UTC),
            currency=await ReportRepository(uow).currency(query.currency),
            # A caller who is nobody, such as a key, has nothing of his own.
            assignee_id=frozenset(
                uow.actor.user_id if one == "me" else one for one in query.assignee_id or ()
            ),
            deal_id=frozenset(query.deal_id or ()),
        )
        history = await DealHistory.read(uow, asked)
        found: list[Candidate] = []
        rules: list[Rule] = []
        for look in _looks(query):
            if not uow.actor.may(look.permission):
                rules += _told(look.kinds, [], None, look.permission)
                continue
            came = await look.run(uow, asked, history)
            wanted = [one for one in came.candidates if not query.kind or one.kind in query.kind]
            found += wanted
            rules += _told(look.kinds, wanted, came.refused, None)
        found.sort(key=lambda one: one.place)
        rest = [one for one in found if after is None or one.place > after]
        page = rest[: query.limit]
        more = len(rest) > query.limit
        return NextBestActionPage(
            items=[_shown(one, asked.currency) for one in page],
            next_cursor=self._cursor(query, page[-1]) if more else None,
            currency=asked.currency,
            rules=[rule for rule in rules if not query.kind or rule.kind in query.kind],
            refused=_nothing(rules),
            as_of=now,
        )

    def _binding(self, query: NextBestActionQuery) -> str:
        return f"next_best_actions|{self.uow.tenant_id}|{query.fingerprint()}"

    def _cursor(self, query: NextBestActionQuery, last: Candidate) -> str:
        score, since, _ = last.place
        return self.uow.context.cursors.encode(self._binding(query), [score, since], last.id)

    def _after(self, query: NextBestActionQuery) -> tuple[int, str, str] | None:
        if not query.cursor:
            return None
        value, last_id = self.uow.context.cursors.decode(self._binding(query), query.cursor)
        if not isinstance(value, list):
            raise InvalidCursor("Start the list again without a cursor.")
        return value[0], value[1], str(last_id)


def _looks(query: NextBestActionQuery) -> Iterable[_Look]:
    """The looks that the filters leave: what is of nobody and of no deal is not found by person or deal."""
    for look in _LOOKS:
        if query.kind and not set(query.kind) & set(look.kinds):
            continue
        if query.object_type and look.object_type not in query.object_type:
            continue
        if (query.assignee_id or query.deal_id) and not look.is_somebodys:
            continue
        yield look


def _told(
    kinds: Iterable[Kind], found: list[Candidate], refused: Refusal | None, lacking: str | None
) -> list[Rule]:
    return [
        Rule(
            kind=kind,
            found=sum(one.kind == kind for one in found),
            refused=refused,
            required_permission=lacking,
        )
        for kind in kinds
    ]


def _nothing(rules: list[Rule]) -> Refusal | None:
    asked = [rule for rule in rules if rule.required_permission is None]
    if not asked or any(rule.refused is None for rule in asked):
        return None
    refusals = [rule.refused for rule in asked if rule.refused]
    return too_little("No rule has enough to go by.", "; ".join(dict.fromkeys(one.needs for one in refusals)))


def _shown(one: Candidate, currency: str) -> NextBestAction:
    return NextBestAction(
        id=one.id,
        kind=Kind(one.kind),
        object=ActionObject(
            type=ObjectType(one.object_type), id=one.object_id, title=one.title, href=one.href
        ),
        suggested_action=SuggestedAction(action=one.action, label=one.suggestion),
        explanation=one.explanation,
        score=one.score,
        value=None if one.value is None else Money(amount=one.value, currency=currency),
        probability=_probability(one.chance) if one.chance else None,
        deal_id=one.deal_id,
        assignee_id=one.assignee_id,
        due_since=one.since,
        evidence=one.evidence,
    )


def _probability(chance: Chance) -> Probability:
    low, high = chance.interval
    return Probability(
        value=round(chance.value, 4),
        interval=Interval(low=round(low, 4), high=round(high, 4)),
        hits=chance.hits,
        cases=chance.trials,
        of=chance.of,
    )
