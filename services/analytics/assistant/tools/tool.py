"""What a tool is, and the one place where it is run: with the rights of who asks, and never beyond."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.common.actor import Actor
from libs.common.errors import AppError
from libs.common.money import Currency
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.analytics.assistant.figures import Figure, Reader, query_path
from services.analytics.assistant.periods import PATTERN, Stretch, before, stretch_of
from services.analytics.assistant.words import Language

log = logging.getLogger("pillars.analytics.assistant")
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, when, and in which language; `actor` bears the rights that everything is read with."""

    context: ServiceContext
    actor: Actor
    now: datetime
    tz: str
    language: Language

    @property
    def is_customer(self) -> bool:
        """Whether it is a customer of the business rather than somebody who works there."""
        return not self.actor.is_superuser and {"client", "guest"}.issuperset(self.actor.roles)


class Arguments(BaseModel):
    """What a tool without choices takes."""

    model_config = ConfigDict(extra="forbid")


class PeriodArguments(Arguments):
    """What a tool over a stretch of time takes."""

    period: Annotated[
        str,
        Field(
            pattern=PATTERN,
            description="today, yesterday, this_week, last_week, this_month, last_month, this_quarter, last_quarter, "
            "this_year, last_year, last_<n>_days, a month such as march or march_2026, or all_time",
        ),
    ] = "all_time"
    before: Annotated[
        bool,
        Field(
            description="Read the stretch before that period instead, to compare: for this_week, this_month, this_quarter "
            "and this_year as many days of the last one, else as many days or whole months just before"
        ),
    ] = False

    def stretch(self, asker: Asker) -> Stretch:
        """The days meant."""
        meant = stretch_of(self.period, asker.now, asker.tz)
        return (before(meant) or meant) if self.before else meant


class MoneyArguments(PeriodArguments):
    """What a tool over money in a stretch of time takes."""

    currency: Currency | None = Field(None, description="ISO 4217 code; the busiest currency unless given")


@dataclass(frozen=True, slots=True)
class Tool:
    """One look at figures.

    Attributes:
        path: the route of the same figures, which can be called to get them again.
        permission, feature: what that route asks for.
        params: the query of that route, from the arguments.
        read: what the route answers, as JSON values.
        take: takes the figures out of it.
        compares: whether its figures are compared with those before already.
    """

    name: str
    description: str
    path: str
    permission: str
    arguments: type[Arguments]
    params: Callable[[Any, Asker], Mapping[str, Any]]
    read: Callable[[Asker, Mapping[str, Any]], Awaitable[Any]]
    take: Callable[[Reader, Language], None]
    feature: str | None = None
    compares: bool = False

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the route of the same figures would let this caller through."""
        return actor.may(self.permission) and (self.feature is None or actor.has(self.feature))


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gave: figures, or the slug of a problem with a sentence for who reads it."""

    tool: str
    arguments: dict[str, Any]
    path: str | None = None
    status: str = "ok"
    detail: str | None = None
    figures: tuple[Figure, ...] = ()
    stretch: Stretch | None = None

    @property
    def call(self) -> dict[str, Any]:
        """The entry among the tool calls of an answer."""
        return {"name": self.tool, "arguments": self.arguments, "path": self.path, "status": self.status}


async def run(tool: Tool, asker: Asker, given: Mapping[str, Any]) -> Result:
    """Read the figures of a tool, or say why not; nothing is read without the right to."""
    plain = dict(given)
    if not tool.is_open_to(asker.actor):
        missing = tool.permission if not asker.actor.may(tool.permission) else tool.feature
        slug = "permission-denied" if missing == tool.permission else "feature-not-in-plan"
        return Result(tool.name, plain, status=slug, detail=f"Who asks may not see this: it needs {missing}.")
    try:
        arguments = tool.arguments.model_validate(plain)
        stretch = arguments.stretch(asker) if isinstance(arguments, PeriodArguments) else None
        params = tool.params(arguments, asker)
        document = await tool.read(asker, params)
        reader = Reader(tool.path, params, document)
        tool.take(reader, asker.language)
    except ValidationError as error:
        detail = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return Result(tool.name, plain, status="validation-failed", detail=detail)
    except UpstreamProblem as error:
        return Result(tool.name, plain, status=error.upstream_slug, detail=error.detail)
    except AppError as error:
        return Result(tool.name, plain, status=error.slug, detail=error.detail)
    return Result(
        tool.name,
        arguments.model_dump(mode="json", exclude_none=True),
        query_path(tool.path, params),
        figures=tuple(reader.figures),
        stretch=stretch,
    )


def from_service(service: str, path: str) -> Callable[[Asker, Mapping[str, Any]], Awaitable[Any]]:
    """Reads a route of another service, which checks the rights of who asks itself."""

    async def read(asker: Asker, params: Mapping[str, Any]) -> Any:
        return await asker.context.upstreams.call(
            service, "GET", path, actor=asker.actor, params=dict(params), timeout=_SECONDS
        )

    return read
