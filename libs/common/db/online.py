"""Says which migrations would disturb a running suite, or the previous release on the new schema.

A release is rolled out by expanding the schema first, then replacing processes, and contracting in a later release.
What breaks that order needs a reason in the migration itself: `ACCEPTED = {"<rule>": "why it does no harm"}`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alembic import command
from alembic.script import Script, ScriptDirectory

from libs.common.db.environment import configuration
from libs.common.runtime.service import Service

LEAST_REASON = 20

_NAME = r'(?:IF NOT EXISTS |IF EXISTS |ONLY )*([\w".]+)'
_TABLE = re.compile(rf"^(?:ALTER TABLE|TRUNCATE(?: TABLE)?|UPDATE|DELETE FROM|INSERT INTO) {_NAME}", re.I)
_ON_TABLE = re.compile(rf"^CREATE [^;]*? ON {_NAME}", re.I)
_NEW_TABLE = re.compile(rf"^CREATE TABLE {_NAME}", re.I)

# rule -> (what it says, the statements it means). What concerns one table is asked of older tables only.
_RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "drop",
        "the previous release still uses it: drop it one release later",
        re.compile(
            r"^(DROP (?!INDEX|TRIGGER|POLICY)|ALTER TABLE .* DROP (?!CONSTRAINT|DEFAULT|NOT NULL)"
            r"|ALTER TABLE .* ALTER .* DROP DEFAULT)",
            re.I | re.S,
        ),
    ),
    (
        "rename",
        "the previous release knows the old name: add the new one beside it",
        re.compile(r"^ALTER .* RENAME ", re.I | re.S),
    ),
    (
        "type",
        "rewrites the table under an exclusive lock, and the previous release may not read it",
        re.compile(r"^ALTER TABLE .* ALTER (COLUMN )?\S+ (SET DATA )?TYPE ", re.I | re.S),
    ),
    (
        "not-null",
        "the previous release writes no value: allow NULL or give a default, and tighten one release later",
        re.compile(
            r"^ALTER TABLE .*( SET NOT NULL| ADD (COLUMN )?(?!CONSTRAINT)(?:(?! DEFAULT ).)* NOT NULL(?!.* DEFAULT ))",
            re.I | re.S,
        ),
    ),
    (
        "constraint",
        "checks every row under a lock: add it NOT VALID and validate it in a migration of its own; "
        "the previous release must keep it too",
        re.compile(
            r"^ALTER TABLE .* ADD (CONSTRAINT \S+ )?"
            r"((CHECK|FOREIGN KEY)(?!.* NOT VALID)|(UNIQUE|PRIMARY KEY|EXCLUDE)(?!.* USING INDEX))",
            re.I | re.S,
        ),
    ),
    (
        "index",
        "holds up all writing meanwhile: use op.create_index_online, op.drop_index_online",
        re.compile(r"^(CREATE (UNIQUE )?INDEX|DROP INDEX|REINDEX \w+) (?!CONCURRENTLY)", re.I),
    ),
    (
        "tighter",
        "what the previous release writes may be refused from now on",
        re.compile(
            r"^(CREATE UNIQUE INDEX|CREATE (OR REPLACE )?(CONSTRAINT )?TRIGGER|CREATE POLICY"
            r"|ALTER TABLE .*(ENABLE|FORCE) ROW LEVEL SECURITY|REVOKE )",
            re.I | re.S,
        ),
    ),
    (
        "bulk",
        "one long transaction over many rows: do it in batches in a job",
        re.compile(r"^(UPDATE|DELETE FROM|INSERT INTO|TRUNCATE|WITH|COPY) ", re.I),
    ),
)


@dataclass(frozen=True, slots=True)
class Breach:
    """A statement that a rule forbids, or an acceptance that says too little or nothing."""

    migration: str
    rule: str
    why: str
    statement: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.rule}: {self.why}\n    {self.statement}"


def breaches(service: Service, since: str | None) -> list[Breach]:
    """What breaks the order of a rollout in the migrations after the revision that the last release has."""
    scripts = ScriptDirectory.from_config(configuration(service, None))
    found: list[Breach] = []
    new_tables: set[str] = set()
    for script in _after(scripts, since):
        name = f"{service.name} {script.revision}"
        accepted: dict[str, str] = getattr(script.module, "ACCEPTED", {})
        used = set()
        for statement in statements(service, script):
            if created := _NEW_TABLE.match(statement):
                new_tables.add(_plain(created[1]))
                continue
            for rule in _broken(statement, new_tables):
                used.add(rule)
                if rule not in accepted:
                    why = next(why for known, why, _ in _RULES if known == rule)
                    found.append(Breach(name, rule, why, _short(statement)))
        for rule, reason in accepted.items():
            if rule not in used:
                found.append(Breach(name, rule, "is accepted, but nothing breaks it", reason))
            elif len(reason) < LEAST_REASON:
                found.append(Breach(name, rule, "is accepted without saying why it does no harm", reason))
    return found


def statements(service: Service, script: Script) -> list[str]:
    """The SQL of one migration, a statement each, spaces made single, without those of alembic itself."""
    written = _Statements()
    config = configuration(service, None)
    config.output_buffer = written  # type: ignore[assignment]
    before = script.down_revision
    assert before is None or isinstance(before, str)
    command.upgrade(config, f"{before or 'base'}:{script.revision}", sql=True)
    return written.found


class _Statements:
    """A buffer of which each write is a statement."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def write(self, text: str) -> None:
        statement = " ".join(text.split()).removesuffix(";")
        if not statement.startswith(("--", "BEGIN", "COMMIT", "SET ")) and "alembic_version" not in statement:
            self.found.append(statement)

    def flush(self) -> None:
        pass


def _after(scripts: ScriptDirectory, since: str | None) -> Iterator[Script]:
    released = {script.revision for script in scripts.iterate_revisions(since, "base")} if since else set()
    ours = [script for script in scripts.walk_revisions() if script.revision not in released]
    yield from reversed(ours)


def _broken(statement: str, new_tables: set[str]) -> Iterator[str]:
    table = _TABLE.match(statement) or _ON_TABLE.match(statement)
    if table and _plain(table[1]) in new_tables:
        return
    for rule, _, pattern in _RULES:
        if pattern.search(statement):
            yield rule


def _plain(name: str) -> str:
    return name.replace('"', "").lower()


def _short(statement: str) -> str:
    return statement if len(statement) <= 160 else f"{statement[:157]}..."
