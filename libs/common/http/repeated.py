"""Refuses a query parameter that comes twice where one value is taken: readers differ in which of the two counts."""

from collections.abc import Iterator, Sequence, Set
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from libs.common.errors import ValidationFailed

# The gateway reads it from any request of a superuser.
_EVERYWHERE = "company_id"


def refuse_repeated(request: Request) -> None:
    """Refuse a request that gives a parameter of its route twice which takes one value.

    Raises:
        ValidationFailed: it does; `errors` names each.
    """
    if b"&" not in request.scope["query_string"]:
        return
    query = request.query_params
    if len(query) == len(query.multi_items()):
        return
    repeated = [name for name in singles(request.scope["route"]) if len(query.getlist(name)) > 1]
    if repeated:
        raise ValidationFailed(
            "One or more fields are not valid.", errors=[error_of(name) for name in sorted(repeated)]
        )


def error_of(name: str) -> dict[str, Any]:
    """What is said of a parameter that came more than once."""
    return {"loc": ["query", name], "msg": "must be given once", "type": "repeated"}


def singles(route: APIRoute) -> frozenset[str]:
    """The query parameters of a route that take one value."""
    declared = list(_declared(route.dependant))
    return frozenset(
        {_EVERYWHERE, *(name for name, _ in declared)}
        - {name for name, field in declared if _takes_many(field.annotation)}
    )


def _declared(dependant: Dependant) -> Iterator[tuple[str, FieldInfo]]:
    """The query parameters of an endpoint and of all that it depends on, those of models one by one."""
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, field in model.model_fields.items():
                yield field.alias or name, field
        else:
            yield parameter.alias, parameter.field_info
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _takes_many(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if origin is Annotated:
        return _takes_many(get_args(kind)[0])
    if origin in (Union, UnionType):
        return any(_takes_many(option) for option in get_args(kind))
    return (
        isinstance(origin, type)
        and issubclass(origin, Sequence | Set)
        and not issubclass(origin, str | bytes)
    )
