"""Follows the code of an endpoint, by its source and its types, to whatever it may call."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args, get_type_hints

# What writes an entry: an event, a change record, or the record that every plain resource makes.
RECORDS = frozenset({"emit", "audit"})
_OURS = ("services.", "libs.common.", "deploy.e2e.")


class Reach:
    """What can be reached from a function: `jobs` are the functions of deferred jobs by name."""

    def __init__(self, jobs: dict[str, Callable[..., Any]]) -> None:
        self._jobs = jobs
        self._seen: set[tuple[Any, Any]] = set()

    def records(self, function: Callable[..., Any], owner: type | None = None) -> bool:
        """Whether it, or something it may call, records what it does."""
        function = inspect.unwrap(function)
        if (function, owner) in self._seen or not _is_ours(function):
            return False
        self._seen.add((function, owner))
        if owner is not None and getattr(owner, "audited", True) is False and function.__name__ == "_record":
            return False
        tree = _tree(function)
        if tree is None:
            return False
        known = _types(function, owner, tree)
        return any(self._leads(node, function, owner, known) for node in ast.walk(tree))

    def _leads(
        self, node: ast.AST, function: Callable[..., Any], owner: type | None, known: dict[str, type]
    ) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in RECORDS:
                return True
            if node.func.attr == "defer" and node.args and isinstance(node.args[0], ast.Constant):
                job = self._jobs.get(str(node.args[0].value))
                return job is not None and self.records(job)
        if isinstance(node, ast.Attribute):
            kind = _type_of(node.value, function, owner, known)
            found = inspect.getattr_static(kind, node.attr, None) if kind is not None else None
            found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
            if inspect.isfunction(found):
                # The methods of a base are those of whoever inherits them.
                return self.records(found, owner if _is_super(node.value) else kind)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found = function.__globals__.get(node.id)
            if inspect.isfunction(found):
                return self.records(found)
        return False


def dependencies(dependant: Any) -> Iterator[Callable[..., Any]]:
    """What a route depends on, directly or not."""
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from dependencies(inner)


def _is_ours(function: Any) -> bool:
    module = getattr(function, "__module__", "") or ""
    return inspect.isfunction(function) and module.startswith(_OURS)


@cache
def _tree(function: Callable[..., Any]) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception:
        return dict(getattr(function, "__annotations__", {}))


def _plain(hint: Any) -> type | None:
    """The class of an annotation: of `Annotated[X, …]`, `X | None` and `Awaitable[X]` that of X."""
    if inspect.isclass(hint) and not get_args(hint):
        return hint
    for inner in get_args(hint):
        if (found := _plain(inner)) is not None and found is not type(None):
            return found
    return None


def _types(function: Callable[..., Any], owner: type | None, tree: ast.AST) -> dict[str, type]:
    known = {name: kind for name, hint in _hints(function).items() if (kind := _plain(hint)) is not None}
    if owner is not None:
        known |= {"self": owner, "cls": owner}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            kind = _type_of(node.value, function, owner, known)
            if kind is not None:
                known.setdefault(node.targets[0].id, kind)
        elif isinstance(node, ast.AsyncWith | ast.With):
            for item in node.items:
                kind = _type_of(item.context_expr, function, owner, known)
                if kind is not None and isinstance(item.optional_vars, ast.Name):
                    known.setdefault(item.optional_vars.id, kind)
    return known


def _type_of(
    node: ast.AST, function: Callable[..., Any], owner: type | None, known: dict[str, type]
) -> type | None:
    if isinstance(node, ast.Await):
        return _type_of(node.value, function, owner, known)
    if isinstance(node, ast.Name):
        found = known.get(node.id) or function.__globals__.get(node.id)
        return found if inspect.isclass(found) else None
    if isinstance(node, ast.Call):
        if _is_super(node):
            return _after(owner, function)
        if isinstance(node.func, ast.Name):
            made = known.get(node.func.id) or function.__globals__.get(node.func.id)
            if inspect.isclass(made):
                return made
            return _plain(_hints(made).get("return")) if inspect.isfunction(made) else None
        if isinstance(node.func, ast.Attribute):
            kind = _type_of(node.func.value, function, owner, known)
            method = getattr(kind, node.func.attr, None) if kind is not None else None
            return _plain(_hints(method).get("return")) if inspect.isfunction(method) else None
    if isinstance(node, ast.Attribute):
        kind = _type_of(node.value, function, owner, known)
        return _attribute(kind, node.attr) if kind is not None else None
    return None


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _after(owner: type | None, function: Callable[..., Any]) -> type | None:
    """The class whose methods `super()` gives: the one after that which wrote the function."""
    order = list(getattr(owner, "__mro__", ()))
    for index, kind in enumerate(order[:-1]):
        if kind.__dict__.get(function.__name__) is function:
            return order[index + 1]
    return None


@cache
def _attribute(kind: type, name: str) -> type | None:
    """The class of an attribute: by its annotation, its property, or what `__init__` puts there."""
    found = inspect.getattr_static(kind, name, None)
    if isinstance(found, property) and found.fget is not None:
        return _plain(_hints(found.fget).get("return"))
    if inspect.isclass(found):
        return found
    for each in kind.__mro__:
        try:
            hint = get_type_hints(each).get(name)
        except Exception:
            hint = None
        if (plain := _plain(hint)) is not None:
            return plain
        init = each.__dict__.get("__init__")
        tree = _tree(init) if inspect.isfunction(init) and _is_ours(init) else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Attribute) and target.attr == name and node.value is not None:
                    hints = {n: k for n, h in _hints(init).items() if (k := _plain(h)) is not None}
                    return _type_of(node.value, init, each, hints)
    return None
