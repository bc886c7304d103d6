"""A process at rest has not loaded what only some of its work needs: such libraries hold megabytes each."""

import subprocess
import sys

import pytest

from libs.common.runtime.registry import NAMES

_LOADED = """
import sys
import libs.common.runtime.cli, libs.common.runtime.commands.serve
from libs.common.runtime.registry import load, load_gateway
for name in sys.argv[1:]:
    load_gateway() if name == "gateway" else load(name)
print(*sorted({name.partition(".")[0] for name in sys.modules if sys.modules[name]}), "opentelemetry.sdk" in sys.modules)
from fastapi.openapi.models import OpenAPI
print(OpenAPI.__pydantic_complete__)
"""
SELDOM = {
    "aiohttp",
    "aiosmtplib",
    "alembic",
    "authlib",
    "cbor2",
    "fido2",
    "firebase_admin",
    "google",
    "h2",
    "httpcore",
    "httpx",
    "joserfc",
    "numpy",
    "pandas",
    "pyarrow",
    "pyotp",
    "rich",
    "scipy",
    "segno",
    "statsforecast",
    "statsmodels",
    "typer",
    "typst",
    "zxcvbn",
}


# Who makes or checks signatures has these all the time.
SIGNING = {"cryptography", "jose"}
SIGNERS = {"identity", "gateway"}


@pytest.mark.parametrize(("names", "seldom"), [(SIGNERS, SELDOM), (set(NAMES) - SIGNERS, SELDOM | SIGNING)])
def test_a_process_at_rest_has_not_loaded_what_it_seldom_needs(names: set[str], seldom: set[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _LOADED, *names], capture_output=True, text=True, check=True, timeout=120
    )
    *loaded, traces, described = answer.stdout.split()
    assert not seldom & set(loaded)
    assert traces == "False"
    # Validators are made when they are first used; those of the API document are many, and used for that alone.
    assert described == "False"
    assert "sqlalchemy" in loaded
