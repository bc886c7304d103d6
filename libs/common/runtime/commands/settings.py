"""`pillars settings`: every variable, its default and what it does."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.table import Table

from libs.common.jobs.retention import Retention
from libs.common.runtime.registry import load_all, load_gateway_settings
from libs.common.settings import CommonSettings


def settings() -> None:
    """List every setting: its variable, default and meaning."""
    table = Table(show_lines=False)
    for column in ("Variable", "Default", "Meaning"):
        table.add_column(column, overflow="fold")
    for _, name, default, meaning in rows():
        table.add_row(name, default, meaning)
    Console().print(table)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Every setting as (owner, variable, default, meaning)."""
    owners: list[tuple[str, type[Any]]] = [
        ("every process", CommonSettings),
        ("every process", Retention),
        ("gateway", load_gateway_settings()),
    ]
    owners += [(service.name, service.settings) for service in load_all()]
    for owner, kind in owners:
        prefix = str(kind.model_config.get("env_prefix", ""))
        for name, field in kind.model_fields.items():
            yield owner, _variable(prefix, name, field), _default(field), field.description or ""


def _variable(prefix: str, name: str, field: FieldInfo) -> str:
    choices = getattr(field.validation_alias, "choices", None)
    return str(choices[0]) if choices else f"{prefix}{name}".upper()


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "(development only)" if value.get_secret_value() else ""
    return "" if value is None else str(value)
