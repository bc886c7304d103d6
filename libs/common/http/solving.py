"""Gives endpoints what their signatures ask for, by a plan that is made once for each.

The framework walks the tree of dependencies with each request: branches it has been to included, each function looked at
and each generator wrapped anew. That was a tenth of what a checkout takes its process. What the plan has no words for
(threads, security scopes, background tasks, websockets, overrides) is left to the framework.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import fastapi.routing
from fastapi import FastAPI, Request
from fastapi.dependencies import models, utils
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import SolvedDependency
from starlette.responses import Response

# Where an app keeps its plans.
PLANS = "plans"
_theirs = utils.solve_dependencies

# What a function is told of the request: its parameters by where they come from.
_SOURCES = (
    ("path_params", lambda request: request.path_params),
    ("query_params", lambda request: request.query_params),
    ("header_params", lambda request: request.headers),
    ("cookie_params", lambda request: request.cookies),
)


class _Step:
    """One function to be called, once those are that it takes something of.

    Attributes:
        needs: the steps before it that it cannot do without.
        takes: which of these give a parameter, by its name.
    """

    __slots__ = ("body", "call", "enters", "needs", "params", "request", "response", "stack", "takes")

    def __init__(self, dependant: Dependant, is_last: bool) -> None:
        self.needs: list[int] = []
        self.takes: list[tuple[str, int]] = []
        self.params = [(fields, read) for name, read in _SOURCES if (fields := getattr(dependant, name))]
        self.body = dependant.body_params
        named = (dependant.request_param_name, dependant.http_connection_param_name)
        self.request = tuple(name for name in named if name)
        self.response = dependant.response_param_name
        self.call: Callable[..., Any] | None = dependant.call
        self.enters = False
        self.stack = "fastapi_function_astack" if dependant.scope == "function" else "fastapi_inner_astack"
        if not is_last and models._is_async_gen_callable(dependant.call):
            assert dependant.call is not None
            self.call, self.enters = asynccontextmanager(dependant.call), True


Plan = list[_Step]


def install(app: FastAPI) -> None:
    """Let the endpoints of this app be served by plans."""
    setattr(app.state, PLANS, {})
    fastapi.routing.solve_dependencies = solve


async def solve(*, request: Any, dependant: Dependant, body: Any = None, **rest: Any) -> SolvedDependency:
    """The values of an endpoint's parameters, or what is wrong with what was sent for them."""
    plan = _known_plan(request, dependant)
    if plan is None:
        return await _theirs(request=request, dependant=dependant, body=body, **rest)
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]
    solved: list[Any] = []
    failed: set[int] = set()
    errors: list[Any] = []
    last = len(plan) - 1
    values: dict[str, Any] = {}
    for place, step in enumerate(plan):
        values = {name: solved[of] for name, of in step.takes if of not in failed}
        wrong: list[Any] = []
        for fields, read in step.params:
            found, faults = utils.request_params_to_args(fields, read(request))
            values |= found
            wrong += faults
        if step.body:
            found, faults = await utils.request_body_to_args(
                body_fields=step.body, received_body=body, embed_body_fields=rest["embed_body_fields"]
            )
            values |= found
            wrong += faults
        for name in step.request:
            values[name] = request
        if step.response:
            values[step.response] = response
        errors += wrong
        if place == last:
            break
        if wrong or not failed.isdisjoint(step.needs):
            failed.add(place)
            solved.append(None)
            continue
        assert step.call is not None
        if step.enters:
            stack: AsyncExitStack = request.scope[step.stack]
            solved.append(await stack.enter_async_context(step.call(**values)))
        else:
            solved.append(await step.call(**values))
    return SolvedDependency(
        values=values, errors=errors, background_tasks=None, response=response, dependency_cache={}
    )


def _known_plan(request: Any, dependant: Dependant) -> Plan | None:
    plans: dict[int, Plan | None] | None = getattr(request.app.state, PLANS, None)
    if plans is None or request.app.dependency_overrides or not isinstance(request, Request):
        return None
    # An app keeps its endpoints as long as itself, so none of them is another one's by now.
    if id(dependant) not in plans:
        plans[id(dependant)] = plan_of(dependant)
    return plans[id(dependant)]


def plan_of(dependant: Dependant) -> Plan | None:
    """The functions in the order in which the framework calls them, each once, the endpoint last; None for its own way."""
    plan: Plan = []
    places: dict[tuple[Any, str | None], int] = {}

    def visit(of: Dependant, *, is_last: bool = False) -> int | None:
        key = (of.call, of.scope)
        if not is_last and of.use_cache and key in places:
            return places[key]
        if not is_last and not _is_plain(of):
            return None
        step = _Step(of, is_last)
        for each in of.dependencies:
            place = visit(each)
            if place is None:
                return None
            step.needs.append(place)
            if each.name is not None:
                step.takes.append((each.name, place))
        plan.append(step)
        places[key] = len(plan) - 1
        return len(plan) - 1

    is_ours = _has_only_plain_parameters(dependant) and visit(dependant, is_last=True) is not None
    return plan if is_ours else None


def _is_plain(dependant: Dependant) -> bool:
    is_known = models._is_async_gen_callable(dependant.call) or models._is_coroutine_callable(dependant.call)
    return is_known and dependant.concurrency is None and _has_only_plain_parameters(dependant)


def _has_only_plain_parameters(dependant: Dependant) -> bool:
    return not (
        dependant.websocket_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.own_oauth_scopes
    )
