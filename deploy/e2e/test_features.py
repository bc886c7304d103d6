"""Every feature that plans include is asked for by the operations that are its own, in whichever service they are."""

from collections.abc import Iterator

from fastapi.routing import APIRoute

from gateway.routes import public_path
from libs.common.runtime.app import requirement_of
from libs.common.runtime.registry import NAMES, load
from libs.contracts.features import DESCRIBED, FEATURES, Feature

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
# What changes something of a feature and is open to who lacks it, each with the reason.
OPEN = {
    "DELETE /api-keys/{key_id}": "nobody keeps a key that opens nothing and might have leaked",
    "POST /subscriptions/{subscription_id}/cancel": "nobody is billed on because a business has another plan",
}


def operations() -> Iterator[tuple[str, str | None]]:
    """The operations of all services as callers see them, each with the feature that it asks for."""
    for name in NAMES:
        for router in load(name).routers:
            for route in router.routes:
                path = public_path(name, route.path_format) if isinstance(route, APIRoute) else None
                if path is not None and isinstance(route, APIRoute):
                    need = requirement_of(route)
                    for method in route.methods:
                        yield (
                            f"{method} {path.removeprefix('/api/v1')}",
                            need.feature if need is not None else None,
                        )


def is_of(operation: str, feature: Feature) -> bool:
    """Whether an operation changes something of what a feature owns, or reads it where that is the feature."""
    method, _, own = operation.partition(" ")
    counts = feature.reads or method in _WRITES
    return counts and any(f"{own}/".startswith(f"{path}/") for path in feature.paths)


def test_features_say_which_operations_ask_for_them() -> None:
    asked: dict[str, set[str]] = {code: set() for code in FEATURES}
    for operation, feature in operations():
        if feature is not None:
            asked[feature].add(operation)

    assert asked == {code: set(one.operations) for code, one in DESCRIBED.items()}


def test_no_operation_of_a_feature_forgets_to_ask_for_it() -> None:
    forgotten = {
        operation: code
        for operation, feature in operations()
        for code, one in DESCRIBED.items()
        if feature != code and operation not in OPEN and is_of(operation, one)
    }

    assert forgotten == {}
    known = {operation for operation, _ in operations()}
    assert known >= OPEN.keys()
