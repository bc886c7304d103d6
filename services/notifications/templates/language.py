"""The template language: Jinja2's syntax, cut down to what cannot run away.

Allowed are variables, `.name` and `["name"]` of mappings, filters from a list with constant arguments, comparisons,
`and`/`or`/`not`, `if` and one level of `for` over a variable. Everything else (calls, arithmetic, string building,
assignments, imports, macros) is refused when a template is saved. The sandbox of Jinja2 stands below that; it
limits neither memory nor time, hence the list here and the bounds on values and on the length of the result.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notifications.templates.errors import TemplateInvalid

MAX_SOURCE = 20_000
MAX_RESULT = 200_000
MAX_STRING = 2_000
MAX_ITEMS = 200
MAX_DEPTH = 5

_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.If,
    nodes.For,
)
_TESTS = frozenset({"defined", "undefined", "none"})


def _money(value: Any) -> str:
    from libs.common.money import Money

    return str(Money.model_validate(value)) if isinstance(value, Mapping) else str(value)


def _date(value: Any) -> str:
    return datetime.fromisoformat(value).strftime("%Y-%m-%d") if isinstance(value, str) and value else ""


def _filters(environment: ImmutableSandboxedEnvironment) -> dict[str, Callable[..., Any]]:
    known = environment.filters
    kept = {
        name: known[name]
        for name in ("capitalize", "default", "e", "escape", "lower", "title", "trim", "upper")
    }
    return kept | {"money": _money, "date": _date}


class _Missing(Undefined):
    """A variable that was not given: nothing in the text, and neither are its parts."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, name: Any) -> Any:
        return self


class _Environment(ImmutableSandboxedEnvironment):
    """Reads keys of mappings and nothing else: no attribute of any object can be reached."""

    def __init__(self, *, autoescape: bool, undefined: type[Undefined] = _Missing) -> None:
        super().__init__(
            autoescape=autoescape, undefined=undefined, keep_trailing_newline=False, cache_size=200
        )
        self.filters = _filters(self)
        self.globals = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value under a key."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The value under a key."""
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        return obj if isinstance(obj, Undefined) else self.undefined(obj=obj, name=str(argument))


_TEXT = _Environment(autoescape=False)
_HTML = _Environment(autoescape=True)


def check(source: str) -> None:
    """Accept a template or say what is wrong with it.

    Raises:
        TemplateInvalid: it is too long, has a syntax error, or uses what templates may not.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateInvalid(f"A template has at most {MAX_SOURCE} characters.")
    try:
        tree = _TEXT.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateInvalid(f"Line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise TemplateInvalid("The template is nested too deeply.") from None
    _check_node(tree, loops=0, depth=0)


def render(source: str, variables: Mapping[str, Any], *, html: bool = False) -> str:
    """Fill in a template. With `html` every value is escaped.

    Raises:
        TemplateInvalid: the template is not allowed, or its result is too long.
    """
    pieces, length = [], 0
    try:
        for piece in _compiled(source, html).generate(bounded(variables)):
            length += len(piece)
            if length > MAX_RESULT:
                raise TemplateInvalid(f"The result has more than {MAX_RESULT} characters.")
            pieces.append(piece)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TemplateInvalid(f"The template cannot be filled in: {type(error).__name__}.") from None
    return "".join(pieces)


@lru_cache(maxsize=256)
def _compiled(source: str, html: bool) -> Template:
    """A checked template; compiling one costs as much as filling it in some fifty times."""
    check(source)
    return (_HTML if html else _TEXT).from_string(source)


def bounded(value: Any, depth: int = 0) -> Any:
    """A value as plain data of limited size: strings, numbers, lists and mappings."""
    if isinstance(value, str):
        # Through str() a Markup would otherwise escape the escaping.
        return str.__str__(value)[:MAX_STRING]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else 0
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {str(k)[:100]: bounded(v, depth + 1) for k, v in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, list | tuple):
        return [bounded(item, depth + 1) for item in value[:MAX_ITEMS]]
    return str(value)[:MAX_STRING]


def _check_node(node: nodes.Node, *, loops: int, depth: int) -> None:
    if depth > 50:
        raise TemplateInvalid("The template is nested too deeply.")
    if not isinstance(node, _NODES) or type(node) not in _NODES:
        raise TemplateInvalid(f"Line {node.lineno}: {type(node).__name__} is not allowed in templates.")
    if isinstance(node, nodes.Name | nodes.Getattr) and _name_of(node).startswith("_"):
        raise TemplateInvalid(f"Line {node.lineno}: names do not begin with an underscore.")
    if isinstance(node, nodes.Getitem) and not (
        isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)
    ):
        raise TemplateInvalid(f"Line {node.lineno}: only text keys may stand in brackets.")
    if isinstance(node, nodes.Filter):
        if node.name not in _TEXT.filters:
            raise TemplateInvalid(f"Line {node.lineno}: there is no filter {node.name!r}.")
        _check_arguments(node)
    if isinstance(node, nodes.Test):
        if node.name not in _TESTS:
            raise TemplateInvalid(f"Line {node.lineno}: there is no test {node.name!r}.")
        _check_arguments(node)
    if isinstance(node, nodes.For):
        _check_loop(node, loops)
        loops += 1
    for child in node.iter_child_nodes():
        _check_node(child, loops=loops, depth=depth + 1)


def _name_of(node: nodes.Name | nodes.Getattr) -> str:
    return node.name if isinstance(node, nodes.Name) else node.attr


def _check_arguments(node: nodes.Filter | nodes.Test) -> None:
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateInvalid(f"Line {node.lineno}: arguments are constants without names.")
    if not all(isinstance(argument, nodes.Const) for argument in node.args):
        raise TemplateInvalid(f"Line {node.lineno}: arguments are constants.")


def _check_loop(node: nodes.For, loops: int) -> None:
    if loops or node.recursive or node.test is not None:
        raise TemplateInvalid(f"Line {node.lineno}: loops are plain and not nested.")
    if not isinstance(node.iter, nodes.Name | nodes.Getattr) or not isinstance(node.target, nodes.Name):
        raise TemplateInvalid(f"Line {node.lineno}: a loop runs over a variable.")
