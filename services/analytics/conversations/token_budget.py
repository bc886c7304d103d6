"""How many tokens of language models a business may use in a month. Counted in one statement: no two take the last."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.analytics.conversations.errors import TokenBudgetSpent
from services.analytics.conversations.figures import tokens as tokens_spent
from services.analytics.conversations.models import TokenUsage


def month_of(moment: datetime) -> date:
    """The first day of the month."""
    return moment.date().replace(day=1)


async def used(uow: UnitOfWork, month: date) -> int:
    """The tokens used in a month."""
    statement = select(TokenUsage.tokens).where(
        TokenUsage.tenant_id == uow.tenant_id, TokenUsage.month == month
    )
    return int(await uow.session.scalar(statement) or 0)


async def check(uow: UnitOfWork, tokens: int) -> None:
    """Refuse a question for which not enough is left.

    Raises:
        TokenBudgetSpent: fewer than `tokens` are left this month.
    """
    month, limit = month_of(uow.now), uow.context.settings.assistant_monthly_tokens
    spent = await used(uow, month)
    if spent + tokens > limit:
        raise refusal(month, spent, limit, uow.now)


def refusal(month: date, spent: int, limit: int, now: datetime) -> TokenBudgetSpent:
    """The problem that says until when."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    resets_at = datetime(following.year, following.month, 1, tzinfo=now.tzinfo)
    return TokenBudgetSpent(
        f"{spent} of {limit} tokens are used; more come on {following}.",
        headers={"Retry-After": str(max(1, int((resets_at - now).total_seconds())))},
        used=spent,
        limit=limit,
        resets_at=resets_at.isoformat(),
    )


async def reserve(uow: UnitOfWork, tokens: int) -> date | None:
    """Set tokens aside before a call; the month that they are of, or None where so many are not left."""
    month, limit = month_of(uow.now), uow.context.settings.assistant_monthly_tokens
    if tokens > limit:
        return None
    table = TokenUsage.__table__
    statement = (
        insert(TokenUsage)
        .values(tenant_id=uow.tenant_id, month=month, tokens=tokens)
        .on_conflict_do_update(
            index_elements=["tenant_id", "month"],
            set_={"tokens": table.c.tokens + tokens},
            where=table.c.tokens + tokens <= limit,
        )
        .returning(TokenUsage.tokens)
    )
    return month if (await uow.session.execute(statement)).first() is not None else None


async def settle(uow: UnitOfWork, month: date, difference: int) -> None:
    """Put what a call really took in place of what was set aside for it."""
    await uow.session.execute(
        update(TokenUsage)
        .where(TokenUsage.tenant_id == uow.tenant_id, TokenUsage.month == month)
        .values(tokens=TokenUsage.tokens + difference)
    )


class MonthlyBudget:
    """The budget of the business that somebody acts in; each step is a transaction of its own."""

    def __init__(self, context: ServiceContext, actor: Actor) -> None:
        self._context = context
        self._actor = actor

    async def reserve(self, tokens: int) -> Callable[[int], Awaitable[None]] | None:
        """Set tokens aside; what comes back puts those used in their place. None where so many are not left."""
        async with self._context.unit_of_work(self._actor) as uow:
            month = await reserve(uow, tokens)
        if month is None:
            return None

        async def put(used_tokens: int) -> None:
            async with self._context.unit_of_work(self._actor) as uow:
                await settle(uow, month, used_tokens - tokens)
            tokens_spent.inc(used_tokens)

        return put
