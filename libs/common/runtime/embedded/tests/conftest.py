"""Fixtures for tests that start servers of their own, each in its own directory."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.runtime.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "with space" / "pg data"


@pytest.fixture(scope="session")
def stopped_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that has ended; to be copied."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("cluster") / "data") as server:
        return server.data_dir


@pytest.fixture
def postgres(stopped_cluster: Path, data_dir: Path) -> Iterator[EmbeddedPostgres]:
    shutil.copytree(stopped_cluster, data_dir)
    server = EmbeddedPostgres(data_dir)
    server.start()
    yield server
    server.stop()
