"""The files of a deployment name what there is: services, settings, paths, metrics."""

import json
import re
import shutil
import subprocess
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
    assert PROCESSES | {
        "postgres",
        "rabbitmq",
        "migrate",
        "prometheus",
        "grafana",
        "otel-collector",
        "node-exporter",
        "backup",
    } == set(compose["services"])
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


def test_every_service_has_what_the_env_file_says(compose: dict[str, Any]) -> None:
    # Without it a key could not be exchanged by `.env` alone, nor any setting changed that is not named in the stack.
    for name in (*PROCESSES, "migrate", "backup"):
        assert compose["services"][name]["env_file"] == ".env", name


def test_processes_of_ours_can_write_nothing_and_gain_nothing(compose: dict[str, Any]) -> None:
    for name in (*PROCESSES, "migrate", "backup"):
        service = compose["services"][name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        # Or `migrate` and `backup` would not hear SIGTERM.
        assert service["init"], name
    adding = {
        name: service["cap_add"] for name, service in compose["services"].items() if "cap_add" in service
    }
    assert adding == {"backup": ["DAC_OVERRIDE"]}


def test_the_database_is_healthy_when_it_can_be_reached(compose: dict[str, Any]) -> None:
    # At the first start a server that listens at its socket only makes the database, and ends again.
    assert "-h" in compose["services"]["postgres"]["healthcheck"]["test"]


def test_every_class_of_settings_is_listed() -> None:
    known = {name for _, name, _, _ in rows()}
    prefixes = set(re.findall(r'env_prefix="([A-Z_]+)"', _SOURCES))
    assert len(prefixes) > 8
    for prefix in prefixes:
        assert any(name.startswith(prefix) for name in known), prefix


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
    # By name: one address would be that of another process at each scrape where a service has several.
    [found] = config["scrape_configs"][0]["dns_sd_configs"]
    assert set(found["names"]) == PROCESSES
    [down] = [rule["expr"] for rule in alerts() if rule["alert"] == "ServiceDown"]
    assert set(re.findall(r'absent\(up\{job="pillars", process="(\w+)"\}\)', down)) == PROCESSES
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    for rule in alerts():
        _assert_metrics_exist(rule["expr"])
        assert rule["annotations"]["summary"]
        assert set(re.findall(r'[{,]job="(\w+)"', rule["expr"])) <= jobs


def alerts() -> list[dict[str, Any]]:
    """The rules."""
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_leads_to_a_section_that_says_what_to_do() -> None:
    # As GitHub and GitLab make the anchor of a heading.
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operations.md").read_text(), re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in alerts():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "docs/operations.md"
        assert anchor in anchors, rule["alert"]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool; without it the test is skipped."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool: install Debian's prometheus to check alerts")
    # It says which test failed in one stream and what it tests in the other.
    return subprocess.run(
        [program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def each_alone(folder: Path, **changes: str) -> list[Path]:
    """The tests of each alert beside a file that has no other alert: every test evaluates all that its file has."""
    whole = yaml.safe_load((OBSERVABILITY / "alerts.test.yml").read_text())
    paths = []
    for rule in alerts():
        name = rule["alert"]
        mine = [test for test in whole["tests"] if name in _names(test)]
        assert [_names(test) for test in mine] == [{name}] * max(1, len(mine)), name
        alone = {"groups": [{"name": "alone", "rules": [{**rule, **changes}]}]}
        (folder / f"{name}.yml").write_text(yaml.safe_dump(alone))
        paths.append(folder / f"{name}.test.yml")
        paths[-1].write_text(yaml.safe_dump({**whole, "rule_files": [f"{name}.yml"], "tests": mine}))
    return paths


def _names(test: dict[str, Any]) -> set[str]:
    return {looked["alertname"] for looked in test["alert_rule_test"]}


def test_the_alerts_fire_on_their_fault_and_are_silent_without_it(tmp_path: Path) -> None:
    for arguments in (
        ("check", "rules", OBSERVABILITY / "alerts.yml"),
        ("check", "config", OBSERVABILITY / "prometheus.yml"),
        ("test", "rules", *each_alone(tmp_path)),
    ):
        checked = promtool(*arguments)
        assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("broken", ["vector(0) > 1", "vector(1) > 0"], ids=["never", "always"])
def test_an_alert_that_fires_never_or_always_fails_its_test(tmp_path: Path, broken: str) -> None:
    paths = each_alone(tmp_path, expr=broken)
    tested = promtool("test", "rules", *paths)
    said = re.split(r"^Unit Testing: +", tested.stdout, flags=re.M)[1:]
    assert len(said) == len(paths)
    assert [one.splitlines()[0] for one in said if "FAILED" not in one] == []


def test_every_panel_shows_a_real_metric() -> None:
    dashboards = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
    assert len(dashboards) == 3
    for path in dashboards:
        dashboard = json.loads(path.read_text())
        assert dashboard["uid"].startswith("pillars-")
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                _assert_metrics_exist(target["expr"])


# What other programs expose; there is no code of ours to look it up in.
_OTHERS = {
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_memory_used_watermark",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "process_cpu_seconds_total",
}


def _assert_metrics_exist(expression: str) -> None:
    found = set(re.findall(r"\b(?:rabbitmq|node|process|pg)_[a-z_]+", expression))
    assert found <= _OTHERS, found - _OTHERS
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
