"""Fixtures for tests that start servers of their own, each in its own directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.runtime.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "with space" / "pg data"


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    server.start()
    yield server
    server.stop()
