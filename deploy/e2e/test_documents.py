"""What the documents name is there: links, files, settings, commands, statements, endpoints, events, metrics."""

import re
import shlex
from pathlib import Path

import psycopg
import pytest
import typer.main
from typer.core import TyperGroup

from deploy.e2e.conftest import Suite
from deploy.e2e.test_deploy_files import _OTHERS, FOREIGN, alerts
from libs.common.runtime.cli import command_line
from libs.common.runtime.commands.settings import rows
from libs.common.runtime.registry import load_all

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
# Decisions and changes tell of what was, and may be gone.
TODAY = [page for page in PAGES if page.parent.name != "adr" and page.name != "CHANGELOG.md"]
SOURCES = "".join(
    path.read_text()
    for folder in ("libs", "gateway", "services", "deploy", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)
# Generated from the contracts, and held together with them by `make check`.
EVENTS = (ROOT / "docs" / "events.md").read_text()
# Variables that other programs read, and those of make.
OTHERS = {"DATABASE_URL", "AMQP_URL", "PGOPTIONS", "PG_BIN", "PYTHONPATH", "PORT", "STORY"}


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        led = (page.parent / name).resolve() if name else page
        assert led.exists(), target
        if anchor:
            assert anchor in anchors(led), target


@pytest.mark.parametrize("page", TODAY, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:docs|deploy|libs|services|gateway|bench|\.ci)/[\w./-]+)`", page.read_text())
    missing = [name for name in named if not (ROOT / name).exists()]
    # A recipe names what its reader is going to make.
    assert page.name == "adding.md" or not missing


@pytest.mark.parametrize("page", TODAY, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {name for _, name, _, _ in rows()} | OTHERS
    prefixes = sorted({name.partition("_")[0] for name in known if "_" in name} - {"DATABASE", "AMQP", "PG"})
    named = set(re.findall(rf"\b(?:{'|'.join(prefixes)})_[A-Z0-9_]+\b\*?", page.read_text()))
    unknown = {
        name
        for name in named
        if name not in known and f'"{name}"' not in SOURCES and not FOREIGN.search(name)
    }
    # `PILLARS_RETENTION_*` names several.
    assert not {name for name in unknown if not any(other.startswith(name.rstrip("*_")) for other in known)}


def lines_of_consoles() -> list[str]:
    """What is typed in the consoles of the page for operators, each statement on one line."""
    consoles = "\n".join(re.findall(r"```console\n(.*?)```", OPERATIONS, re.S))
    return [f"${typed}" for typed in re.split(r"^\$(?= )", consoles, flags=re.M)[1:]]


def test_every_command_can_be_typed() -> None:
    app = typer.main.get_command(command_line())
    assert isinstance(app, TyperGroup)
    typed = [line.partition("\n")[0] for line in lines_of_consoles()]
    typed += [f"$ {command}" for command in re.findall(r"`(pillars [^`]+)`", OPERATIONS)]
    ours = [line.removeprefix("$ ") for line in typed if line.startswith("$ pillars ")]
    assert len(ours) > 30
    for line in ours:
        name, *words = shlex.split(line.partition("#")[0].replace("…", ""))[1:]
        found = app.commands[name]
        if isinstance(found, TyperGroup):
            found = found.commands[words[0]]
        known = {option for parameter in found.params for option in parameter.opts}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        # `serve` reads its line itself.
        assert name == "serve" or options <= known, line


async def test_every_statement_can_be_made(suite: Suite) -> None:
    typed = [line for line in lines_of_consoles() if "psql" in line]
    assert len(typed) > 10
    made = 0
    with psycopg.connect(suite.settings.database_url) as connection:
        for line in typed:
            # With a second name of a database the first would be taken for that of a user.
            assert "--dbname" not in line
            statement = re.search(r'psql "[^"]+" -c "([^"]+)"', line)
            assert statement, line
            if "pg_stat_statements" not in statement[1]:
                connection.execute(f"EXPLAIN {statement[1]}")  # type: ignore[call-overload]
                made += 1
    assert made > 10


async def test_every_function_of_searches_is_trusted_by_what_is_said(suite: Suite) -> None:
    statement = re.search(r"^SELECT format.*?(?=\\gexec)", OPERATIONS, re.S | re.M)
    assert statement
    with psycopg.connect(suite.settings.database_url) as connection:
        said = {row[0] for row in connection.execute(statement[0]).fetchall()}
        trusted = connection.execute(
            "SELECT format('ALTER FUNCTION %%s LEAKPROOF', p.oid::regprocedure) FROM pg_proc p "
            "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proleakproof AND n.nspname = ANY(%s)",
            ([service.name for service in load_all()],),
        ).fetchall()
    assert said >= {row[0] for row in trusted}
    assert len(said) > 10


async def test_every_endpoint_that_is_named_exists(suite: Suite) -> None:
    async with suite.client() as client:
        document = (await client.get(f"{suite.url}/api/openapi.json")).json()
    known = {
        (method.upper(), re.sub(r"\{[^}]+\}", "*", path).removeprefix("/api/v1"))
        for path, item in document["paths"].items()
        for method in item
    }
    for page in TODAY:
        for method, path in re.findall(
            r"\b(GET|POST|PUT|PATCH|DELETE) (?:http://127\.0\.0\.1:8000)?/api/v1(/[\w/{}<>…-]+)",
            page.read_text(),
        ):
            asked = re.sub(r"<[^>]+>|\{[^}]+\}|…", "*", path)
            assert (method, asked) in known, f"{page.name}: {method} {path}"


@pytest.mark.parametrize("page", TODAY, ids=lambda page: page.name)
def test_every_event_and_metric_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    for name in re.findall(r"`([a-z]+\.[a-z_]+\.v\d+)`", text):
        assert page.name == "adding.md" or name in EVENTS, name
    for name in set(re.findall(r"\b(pillars_[a-z_]+[a-z])(?=[`{])", text)) - _OTHERS:
        assert f'"{name}"' in SOURCES, name


def test_every_alert_that_is_named_exists() -> None:
    known = {rule["alert"] for rule in alerts()}
    named = set(re.findall(r"\(\*([A-Z]\w+)\*[:,)]|^\*([A-Z][a-z]+[A-Z]\w+)\*", OPERATIONS, re.M))
    named_alerts = {first or second for first, second in named}
    assert len(named_alerts) > 5
    assert named_alerts <= known
