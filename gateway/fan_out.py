"""Asking several services the same question at once."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from libs.common.actor import Actor
from libs.common.errors import AppError, UpstreamFailed
from libs.common.runtime.upstreams import UpstreamProblem, Upstreams
from libs.common.runtime.wires import Answer

_SECONDS = 5.0
_HAS_NONE = object()


@dataclass(slots=True)
class Answers:
    """What the services said, and which of them could not be asked."""

    by_service: dict[str, Any] = field(default_factory=dict)
    unavailable: list[str] = field(default_factory=list)


async def ask_all(
    upstreams: Upstreams,
    services: Iterable[str],
    path: str,
    actor: Actor,
    params: Any = None,
    read: Callable[[Answer], Any] = Answer.json,
    seconds: float = _SECONDS,
) -> Answers:
    """GET a path of each service as an actor, and `read` what they say; services that have no such path are left out.

    Who does not answer within so many `seconds` could not be asked.

    Raises:
        UpstreamProblem: a service refused the question (401, 403, 422).
    """
    names = list(services)

    async def ask(service: str) -> Any:
        try:
            response = await upstreams.request(
                service, "GET", path, actor=actor, params=params, timeout=seconds
            )
            if response.status_code == 404:
                return _HAS_NONE
            if response.status_code >= 400:
                return UpstreamProblem(response.status_code, response.json())
            return read(response)
        except AppError as error:
            return error
        except ValueError:
            return UpstreamFailed(f"{service} did not answer in JSON.")

    answers = Answers()
    for name, answer in zip(names, await asyncio.gather(*map(ask, names)), strict=True):
        if answer is _HAS_NONE:
            continue
        if isinstance(answer, UpstreamProblem) and answer.upstream_status < 500:
            raise answer
        if isinstance(answer, AppError):
            answers.unavailable.append(name)
        else:
            answers.by_service[name] = answer
    return answers
