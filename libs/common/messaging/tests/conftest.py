"""Fixtures for the tests of the bus."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.runtime.embedded.errors import RabbitMQNotFound
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ


@pytest.fixture
def namespace() -> str:
    """Queues nobody else has."""
    return f"test_{secrets.token_hex(5)}"


@pytest.fixture(scope="session")
def rabbit_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    """A RabbitMQ of this worker's own."""
    node = PrivateRabbitMQ(Path(tmp_path_factory.mktemp("rabbit")))
    try:
        node.start()
    except RabbitMQNotFound as missing:
        pytest.skip(str(missing))
    yield node
    node.stop()


@pytest.fixture(scope="session")
def rabbit_url(rabbit_node: PrivateRabbitMQ) -> str:
    """Its address."""
    return rabbit_node.start()
