"""A private RabbitMQ node lives, dies and comes back."""

from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest

from libs.common.runtime.embedded.amqp_probe import can_open
from libs.common.runtime.embedded.child import process_facts, wait_until
from libs.common.runtime.embedded.errors import DataDirInUse
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ, find_rabbitmq
from libs.common.runtime.embedded.tests.orphans import server_parent

pytestmark = [
    pytest.mark.rabbit,
    pytest.mark.skipif(find_rabbitmq() is None, reason="RabbitMQ is not installed"),
]

QUEUE = "letters"
START_AND_WAIT = """
from pathlib import Path
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ
node = PrivateRabbitMQ(Path(sys.argv[1]))
url = node.start()
print(node.pid, url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def base_dir(tmp_path: Path) -> Path:
    return tmp_path / "rabbit node"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    server = PrivateRabbitMQ(tmp_path_factory.mktemp("rabbit") / "shared node")
    server.start()
    yield server
    server.stop()


async def publish(url: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=QUEUE)


async def take(url: str) -> bytes:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, passive=True)
        message = await queue.get(timeout=20)
        assert message is not None
        await message.ack()
        return message.body


def queue_name_is_on_disk(base_dir: Path) -> bool:
    return any(QUEUE.encode() in path.read_bytes() for path in base_dir.glob("data/*/quorum/*/names.dets"))


async def test_a_confirmed_message_survives_a_killed_node(node: PrivateRabbitMQ) -> None:
    url = node.start()
    await publish(url, b"dear")
    # RabbitMQ's own weakness, see PrivateRabbitMQ.kill; it is not what this test is about.
    assert wait_until(lambda: queue_name_is_on_disk(node.base_dir), seconds=10)
    node.kill()
    assert not node.is_running
    assert node.start() == url
    assert await take(url) == b"dear"


async def test_a_killed_parent_takes_the_node_along_and_the_next_start_finds_its_messages(
    base_dir: Path,
) -> None:
    with server_parent(START_AND_WAIT, base_dir) as (parent, (pid, url)):
        await publish(url, b"dear")
        with pytest.raises(DataDirInUse, match=f"process {pid};"):
            PrivateRabbitMQ(base_dir).start()
        parent.kill()
        parent.wait()
        with PrivateRabbitMQ(base_dir) as heir:
            assert process_facts(int(pid)) is None
            assert await take(heir.start()) == b"dear"
            heir_pid = heir.pid
    assert heir_pid is not None
    assert process_facts(heir_pid) is None


def test_nothing_answers_on_a_free_port() -> None:
    assert not can_open(free_port(), "pillars", "wrong", seconds=1)


def test_guest_is_turned_away(node: PrivateRabbitMQ) -> None:
    port = int(node.start().rstrip("/").rpartition(":")[2])
    # RabbitMQ keeps a refused client waiting for seconds; a welcome takes a few hundredths of one.
    assert not can_open(port, "guest", "guest", seconds=1)
