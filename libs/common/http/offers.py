"""Which plans would have let a request through: asked of identity only when one is refused."""

from libs.common.actor import system_actor
from libs.common.errors import AppError
from libs.common.runtime.context import ServiceContext

# Who is refused is told why without waiting for long for what else there is.
_PATIENCE_SECONDS = 1.0


async def plans_with(
    context: ServiceContext, *, feature: str | None = None, code: str | None = None, above: int = 0
) -> list[str]:
    """The codes of the plans that anybody can choose and that have a feature, or more than `above` of a code.

    Empty where identity cannot be asked.
    """
    asked = {"feature": feature, "code": code, "above": above}
    try:
        answer = await context.upstreams.call(
            "identity",
            "GET",
            "/internal/plans",
            actor=system_actor(context.service.name),
            params={name: value for name, value in asked.items() if value is not None},
            timeout=_PATIENCE_SECONDS,
        )
    except AppError:
        return []
    return list(answer["plans"])
