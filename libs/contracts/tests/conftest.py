"""The option that writes missing golden files."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-golden` writes the golden file of each event that has none yet; existing ones are never touched."""
    parser.addoption("--write-golden", action="store_true", help="write the missing golden files of events")
