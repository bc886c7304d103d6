"""The main story through the command line, in both shapes, and every invariant after it."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.e2e.collector import collecting
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.embedded.postgres import EmbeddedPostgres


def pillars(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a home of its own and nothing of the test run's servers."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "AMQP_URL")}
    return subprocess.run(
        [sys.executable, "-m", "libs.common.runtime.cli", *arguments],
        env={**kept, "PILLARS_HOME": str(home), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def tell(home: Path, *arguments: str, **environment: str) -> None:
    """Play the story, then verify what it left behind."""
    told = pillars(home, "up", "--story", "--leave", "--port", str(free_port()), *arguments, **environment)
    logs = (
        "".join(path.read_text()[-4000:] for path in (home / "logs").glob("*.log")) if told.returncode else ""
    )
    assert told.returncode == 0, told.stdout + told.stderr + logs
    assert "everyone sees it" in told.stdout
    verified = pillars(home, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "all hold" in verified.stdout


@pytest.mark.slow
@pytest.mark.rabbit
def test_the_story_in_eight_processes_over_rabbitmq(tmp_path: Path) -> None:
    from libs.common.runtime.embedded.rabbitmq import find_rabbitmq

    if find_rabbitmq() is None:
        pytest.skip("no RabbitMQ: install rabbitmq-server or set AMQP_URL")
    with collecting() as collector:
        tell(
            tmp_path / "home",
            "--separate",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            PILLARS_TRACE_RATIO="1",
        )
    paying = [names for names in collector.traces().values() if "POST /carts/{cart_id}/checkout" in names]
    assert paying, collector.traces()
    # One trace: the gateway, the two services that worked on the request, the database, and those told over the bus.
    for part in ("PUT /internal/reservations/{order_id}", "db INSERT", "consume analytics.record"):
        assert any(part in names for names in paying), (part, paying)


@pytest.mark.slow
def test_the_story_in_one_process_and_a_breach_that_is_planted_after_it(tmp_path: Path) -> None:
    home = tmp_path / "a home with spaces"
    tell(home)
    with EmbeddedPostgres(home / "postgres") as server:
        url = server.start().rpartition("/")[0] + "/pillars"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO crm.dead_letters (id, handler, envelope, reason, attempts)"
                " VALUES (gen_random_uuid(), 'crm.planted', '{}', 'planted by a test', 7)"
            )

    verified = pillars(home, "verify", "--wait", "0")

    assert verified.returncode == 1
    assert "1 dead" in verified.stdout
    assert "breaches" in verified.stdout
