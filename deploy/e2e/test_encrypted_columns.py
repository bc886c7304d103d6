"""What is encrypted is declared, so that it gets a new key when the ring does."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import services
from libs.common.runtime.registry import NAMES, load
from libs.common.runtime.service import Service

ROOT = Path(next(iter(services.__path__)))
_SECRET = re.compile(r"(^|_)(sealed|encrypted|ciphertext|pem|seed|credentials|secret)(_|$)")
# Columns with the name of a secret that hold none that could be read, each with the reason.
NOT_ENCRYPTED: dict[str, str] = {}
# Purposes of values that are in no column of their own, each with the reason why they need no new key.
PASSING = {
    "one_time_links.request": "an address among the arguments of a job that runs at once",
    "auth.first_factor": "what stands for a first factor, with the client, for five minutes",
}


def calls(service: Service) -> Iterator[tuple[str, Any]]:
    """Where a service encrypts, and for which purpose: a text, what makes it, or None where it cannot be told."""
    for path in sorted((ROOT / service.name).rglob("*.py")):
        if "tests" in path.parts or "encrypt(" not in (source := path.read_text()):
            continue
        name = ".".join(("services", *path.relative_to(ROOT).with_suffix("").parts))
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "encrypt"
            ):
                purpose = next((k.value for k in node.keywords if k.arg == "purpose"), None)
                named = purpose.func if isinstance(purpose, ast.Call) else purpose
                scope = vars(importlib.import_module(name))
                yield f"{name}:{node.lineno}", scope.get(named.id) if isinstance(named, ast.Name) else None


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest) -> Service:
    """Each service in turn."""
    return load(request.param)


def test_every_purpose_that_a_service_encrypts_for_is_that_of_a_declared_column(service: Service) -> None:
    declared = [encrypted.purpose for encrypted in service.encrypted]

    strange = [
        where for where, purpose in calls(service) if purpose is None or purpose not in (*declared, *PASSING)
    ]

    assert strange == [], (
        "name the purpose in the module, and declare its column in `encrypted.py` of the service"
    )
    assert len(declared) == len(set(declared)), "one purpose for one column"


def test_every_declared_column_is_one_of_the_service_and_a_text(service: Service) -> None:
    for encrypted in service.encrypted:
        column = service.metadata.tables[encrypted.table.fullname].c[encrypted.column.key]
        assert isinstance(column.type, sa.Text), encrypted.name
        assert "id" in encrypted.table.c, encrypted.name


def test_no_column_with_the_name_of_a_secret_is_left_out(service: Service) -> None:
    declared = {encrypted.name for encrypted in service.encrypted}
    named = {
        f"{table.fullname}.{column.name}"
        for table in service.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.Text) and _SECRET.search(column.name)
    }

    assert named - declared - NOT_ENCRYPTED.keys() == set()
