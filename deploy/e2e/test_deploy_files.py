"""The files of a deployment name what there is: services, settings, paths, metrics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.runtime.commands.settings import rows
from libs.common.runtime.registry import NAMES

ROOT = Path(__file__).parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
PROCESSES = {*NAMES, "gateway"}
# Variables that other programs of the stack read.
FOREIGN = re.compile(r"^(POSTGRES|RABBITMQ|GF)_|^SERVICE$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())  # type: ignore[no-any-return]


def test_the_stack_runs_every_service_behind_a_finished_migration(compose: dict[str, Any]) -> None:
    assert PROCESSES | {"postgres", "rabbitmq", "migrate", "prometheus", "grafana", "otel-collector"} == set(
        compose["services"]
    )
    for name in NAMES:
        waits = compose["services"][name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert compose["services"][name]["environment"]["SERVICE"] == name


def test_every_variable_of_the_stack_is_a_setting(compose: dict[str, Any]) -> None:
    known = {name for _, name, _, _ in rows()}
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert name in known or FOREIGN.search(name), name
    upstreams = json.loads(compose["services"]["gateway"]["environment"]["PILLARS_UPSTREAMS"])
    assert set(upstreams) == set(NAMES)


def test_every_secret_must_be_given(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / ".env.example").read_text()
    for name in ("POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "PILLARS_SECRET_KEY", "PILLARS_ENCRYPTION_KEYS"):
        assert f"${{{name}:?" in text
        assert f"\n{name}=\n" in f"\n{example}"


def test_every_mounted_and_copied_path_exists(compose: dict[str, Any]) -> None:
    mounts = [m for service in compose["services"].values() for m in service.get("volumes", ())]
    for mount in mounts:
        if mount.startswith("./"):
            assert (ROOT / mount.split(":")[0]).exists(), mount
    for line in (ROOT / "deploy" / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line


def test_prometheus_scrapes_every_process_and_its_rules_name_real_metrics() -> None:
    config = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert {target.partition(":")[0] for target in targets} == PROCESSES
    rules = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"][0]["rules"]
    operations = (ROOT / "docs" / "operations.md").read_text().lower()
    assert rules
    assert "a dead letter" in operations
    for rule in rules:
        _assert_metrics_exist(rule["expr"])
        assert rule["annotations"]["summary"]


def test_every_panel_shows_a_real_metric() -> None:
    dashboards = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
    assert len(dashboards) == 3
    for path in dashboards:
        dashboard = json.loads(path.read_text())
        assert dashboard["uid"].startswith("pillars-")
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                _assert_metrics_exist(target["expr"])


def _assert_metrics_exist(expression: str) -> None:
    for name in re.findall(r"pillars_[a-z_]+", expression):
        stem = re.sub(r"_(bucket|sum|count)$", "", name)
        assert f'"{stem}"' in _SOURCES or f'"{name}"' in _SOURCES, name
    for event in re.findall(r'type="([a-z_.0-9]+)"', expression):
        assert f'"{event}"' in _SOURCES, event


_SOURCES = "".join(
    path.read_text()
    for folder in ("libs", "gateway", "services")
    for path in (ROOT / folder).rglob("*.py")
    if "tests" not in path.parts
)


def test_the_collector_and_grafana_files_are_yaml() -> None:
    collector = yaml.safe_load((OBSERVABILITY / "otel-collector.yml").read_text())
    assert collector["service"]["pipelines"]["traces"]["receivers"] == ["otlp"]
    source = yaml.safe_load(
        (OBSERVABILITY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    )
    assert source["datasources"][0]["uid"] == "pillars"
