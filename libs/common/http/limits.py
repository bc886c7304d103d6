"""What the plan of a business limits: how much there may be at one time, and how much in a calendar month.

`limit` counts rows in the transaction that adds one. `metered` counts what is done at identity, which keeps the
counters of all services. Both answer 429 `plan-limit-reached`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Depends, Request
from sqlalchemy import Select, func, select

from libs.common.actor import ActorKind, system_actor
from libs.common.db.locks import one_at_a_time
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, PlanLimitReached, Unavailable, UpstreamTimeout
from libs.common.http.deps import actor_of, context_of, open_uow
from libs.common.http.offers import plans_with
from libs.common.ids import new_id
from libs.common.runtime.upstreams import UpstreamProblem

# How many there are in the tenant of the unit of work; it need not count further than the number.
Count = Callable[[UnitOfWork, int], Awaitable[int]]


def limit(code: str, count: Count, *, uow: Callable[..., Any] = open_uow) -> Any:
    """A dependency: the plan must allow one more of what is counted.

    Who adds another one at the same time waits until this request has committed, so no two take the last place.
    `uow` is the dependency that opens the unit of work of the route.
    """

    async def check(uow: Annotated[UnitOfWork, Depends(uow, scope="function")]) -> None:
        await keep_limit(uow, code, count)

    return Depends(check, scope="function")


async def keep_limit(uow: UnitOfWork, code: str, count: Count) -> None:
    """Refuse one more where the plan of the business acted in does not allow it.

    Staff who reach into a business from elsewhere are not held to its plan.

    Raises:
        PlanLimitReached: there are as many as the plan allows, or more since it was changed.
    """
    most = uow.actor.limits.get(code)
    if most is None or uow.actor.kind is ActorKind.SYSTEM:
        return
    await one_at_a_time(uow, f"{uow.tenant_id}:{code}")
    used = await count(uow, most)
    if used >= most:
        # It ends here; who asks others meanwhile holds no lock and no connection.
        await uow.transaction.close()
        raise PlanLimitReached(
            f"The plan allows {most} of {code}.",
            code=code,
            limit=most,
            used=used,
            plan=uow.actor.plan,
            plans=await plans_with(uow.context, code=code, above=used),
        )


async def counted(uow: UnitOfWork, rows: Select[Any], most: int) -> int:
    """How many rows a statement finds, counted up to a number."""
    return int(await uow.session.scalar(select(func.count()).select_from(rows.limit(most).subquery())) or 0)


def metered(code: str, quantity: int = 1) -> Any:
    """A dependency: count what the route does against the quota of the month; what fails is not counted.

    A request that comes again with its `Idempotency-Key` is counted once. Without identity only who has no quota of
    this code is served.
    """

    async def claim(request: Request) -> AsyncIterator[None]:
        actor = actor_of(request)
        if actor.tenant_id is None or actor.kind is ActorKind.SYSTEM:
            yield
            return
        context = context_of(request)
        said = request.headers.get("idempotency-key")
        key = (
            uuid5(actor.tenant_id, f"{code}:{request.method} {request.url.path}:{said}") if said else new_id()
        )

        async def call(method: str, path: str, body: dict[str, Any] | None) -> Any:
            system = system_actor(context.service.name, actor.tenant_id)
            return await context.upstreams.call(
                "identity", method, path, actor=system, json=body, safe=True, timeout=2.0
            )

        try:
            answer = await call("POST", "/internal/usage", _claim(key, code, quantity))
        except (Unavailable, UpstreamTimeout):
            if code in actor.limits:
                raise
            answer = {"is_new": False}
        except UpstreamProblem as error:
            # A release of identity before this one does not count.
            if error.upstream_status != 404:
                raise
            answer = {"is_new": False}
        try:
            yield
        except BaseException:
            if answer["is_new"]:
                await _give_back(call, key)
            raise

    return Depends(claim, scope="function")


def _claim(key: UUID, code: str, quantity: int) -> dict[str, Any]:
    return {"key": str(key), "code": code, "quantity": quantity}


async def _give_back(call: Callable[..., Awaitable[Any]], key: UUID) -> None:
    try:
        await call("DELETE", f"/internal/usage/{key}", None)
    except AppError:
        # It stays counted until the month ends: too much, never too little.
        return
