"""Migrations run beside a working suite: they hold nobody up for long, and what would is found before it is run."""

import asyncio
import dataclasses
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from libs.common.db.migrate import LOCK_TRIES, migrate
from libs.common.db.online import breaches
from libs.common.db.operations import LOCK_SECONDS
from libs.common.db.revision import write_revision
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.runtime.registry import load
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import one_at_a_time

Release = Callable[..., Service]
Fresh = Callable[..., CommonSettings]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """The test service with further migrations: `release("op.execute(…)", …)`, each a body of `upgrade`."""
    numbers = iter(range(100))

    def make(*bodies: str, head: str = "") -> Service:
        folder = tmp_path / f"migrations{next(numbers)}"
        shutil.copytree(SERVICE.migrations, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for number, body in enumerate(bodies, start=2):
            (folder / "versions" / f"{number:04d}_more.py").write_text(
                f'"""More."""\nfrom alembic import op\nimport sqlalchemy as sa\n'
                f'revision = "{number:04d}"\ndown_revision = "{number - 1:04d}"\n{head}\n'
                f"def upgrade():\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
            )
        return dataclasses.replace(SERVICE, migrations=folder)

    return make


def upgrade(service: Service, settings: CommonSettings, *, tries: int = LOCK_TRIES) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    with one_at_a_time():
        migrate([service], settings, on_step=said.append, tries=tries)
    return said


INDEX = 'op.create_index_online("ix_arrivals_step", "arrivals", ["tenant_id", "step"], schema="parcels")'
COLUMN = 'op.add_column("arrivals", sa.Column("weight", sa.Integer()), schema="parcels")'
PARCEL = "INSERT INTO parcels.arrivals (tenant_id, handler, event_id, parcel_id, step) VALUES " + (
    "(gen_random_uuid(), 'x', gen_random_uuid(), gen_random_uuid(), 1)"
)


async def test_an_index_is_built_while_others_write(fresh_database: Fresh, release: Release) -> None:
    settings = fresh_database(SERVICE)
    with psycopg.connect(settings.database_url) as open_transaction:
        open_transaction.execute(PARCEL)
        building = asyncio.create_task(asyncio.to_thread(upgrade, release(INDEX), settings))
        with psycopg.connect(settings.database_url, autocommit=True) as other:
            waits = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
            await eventually(lambda: other.execute(waits).fetchone())
            other.execute("SET lock_timeout = '1s'")
            other.execute(PARCEL)
            assert not building.done()
            open_transaction.commit()
            await building
            found = other.execute(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = 'parcels.ix_arrivals_step'::regclass"
            )
            assert found.fetchone() == (True,)


async def test_what_a_failed_build_left_behind_is_built_anew(fresh_database: Fresh, release: Release) -> None:
    settings = fresh_database(SERVICE)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(PARCEL)
        connection.execute("CREATE INDEX ix_arrivals_step ON parcels.arrivals (handler)")
        connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'parcels.ix_arrivals_step'::regclass"
        )
        await asyncio.to_thread(upgrade, release(INDEX), settings)
        found = connection.execute(
            "SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indexrelid = 'parcels.ix_arrivals_step'::regclass"
        ).fetchone()
        drops = 'op.drop_index_online("ix_arrivals_step", schema="parcels")'
        await asyncio.to_thread(upgrade, release(INDEX, drops), settings)
        gone = connection.execute("SELECT to_regclass('parcels.ix_arrivals_step')").fetchone()
    assert found is not None
    assert found[0]
    assert "(tenant_id, step)" in found[1]
    assert gone == (None,)


async def test_a_lock_that_is_not_had_soon_is_given_up_so_that_others_pass_and_asked_for_again(
    fresh_database: Fresh, release: Release
) -> None:
    settings = fresh_database(SERVICE)
    with (
        psycopg.connect(settings.database_url) as reader,
        psycopg.connect(settings.database_url, autocommit=True) as other,
    ):
        reader.execute("SELECT count(*) FROM parcels.arrivals")
        altering = asyncio.create_task(asyncio.to_thread(upgrade, release(COLUMN), settings))
        waits = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%' AND wait_event_type = 'Lock'"
        await eventually(lambda: other.execute(waits).fetchone())
        # Behind the waiting statement, but not for long.
        other.execute(f"SET lock_timeout = '{LOCK_SECONDS + 5:g}s'")
        other.execute(PARCEL)
        assert not altering.done()
        reader.commit()
        await altering
        assert other.execute("SELECT weight FROM parcels.arrivals").fetchone() == (None,)


async def test_a_lock_that_is_never_had_fails_the_migration_and_changes_nothing(
    fresh_database: Fresh, release: Release
) -> None:
    settings = fresh_database(SERVICE)
    with psycopg.connect(settings.database_url) as reader:
        reader.execute("SELECT count(*) FROM parcels.arrivals")
        with pytest.raises(OperationalError, match="lock timeout"):
            await asyncio.to_thread(upgrade, release(COLUMN), settings, tries=1)
        assert reader.execute("SELECT version_num FROM parcels.alembic_version").fetchone() == ("0001",)


async def test_a_schema_that_a_newer_release_migrated_is_left_as_it_is(
    fresh_database: Fresh, release: Release
) -> None:
    settings = fresh_database(SERVICE)
    await asyncio.to_thread(upgrade, release(COLUMN), settings)
    assert await asyncio.to_thread(upgrade, SERVICE, settings) == [
        "parcels (stays at 0002 of a newer release)"
    ]


@pytest.fixture
def written_to(tmp_path: Path) -> Service:
    """The test service with a folder of its own for what is written."""
    folder = tmp_path / "migrations"
    shutil.copytree(SERVICE.migrations, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(load("crm").migrations / "script.py.mako", folder)
    return dataclasses.replace(SERVICE, migrations=folder)


def test_a_migration_made_from_the_models_builds_the_indexes_of_older_tables_online(
    fresh_database: Fresh, written_to: Service
) -> None:
    settings = fresh_database(SERVICE)
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DROP INDEX parcels.ix_arrivals_tenant_id")
        connection.execute("DROP TABLE parcels.jobs")
    path = write_revision(written_to, settings, "Add an index")
    assert path is not None
    written = path.read_text()
    assert "create_index_online" in written
    assert written.index("create_index_online('ix_arrivals_tenant_id'") > 0
    # A table nobody uses yet needs no such care.
    assert "op.create_index('ix_jobs_due'" in written


def test_where_models_and_migrations_agree_none_is_written(
    fresh_database: Fresh, written_to: Service
) -> None:
    settings = fresh_database(SERVICE)
    there = sorted((written_to.migrations / "versions").glob("*.py"))
    assert write_revision(written_to, settings, "Change nothing") is None
    assert sorted((written_to.migrations / "versions").glob("*.py")) == there


FORBIDDEN = {
    "drop": [
        'op.drop_column("arrivals", "step", schema="parcels")',
        'op.drop_table("arrivals", schema="parcels")',
    ],
    "rename": [
        'op.rename_table("arrivals", "comings", schema="parcels")',
        'op.alter_column("arrivals", "step", new_column_name="steps", schema="parcels")',
    ],
    "type": ['op.alter_column("arrivals", "step", type_=sa.BigInteger(), schema="parcels")'],
    "not-null": [
        'op.add_column("arrivals", sa.Column("a", sa.Integer(), nullable=False), schema="parcels")',
        'op.alter_column("arrivals", "step", nullable=False, schema="parcels")',
    ],
    "constraint": [
        'op.create_check_constraint("positive", "arrivals", "step > 0", schema="parcels")',
        'op.create_unique_constraint("one", "arrivals", ["step"], schema="parcels")',
        'op.create_foreign_key("to", "arrivals", "parcels", ["step"], ["latest"], source_schema="parcels", referent_schema="parcels")',
    ],
    "index": [
        'op.create_index("ix", "arrivals", ["step"], schema="parcels")',
        'op.drop_index("ix_arrivals_tenant_id", "arrivals", schema="parcels")',
        'op.execute("REINDEX TABLE parcels.arrivals")',
    ],
    "tighter": [
        INDEX.replace("schema=", "unique=True, schema="),
        'op.isolate_tenants("arrivals", schema="parcels")',
        'op.execute("CREATE TRIGGER t BEFORE UPDATE ON parcels.arrivals FOR EACH ROW EXECUTE FUNCTION f()")',
    ],
    "bulk": [
        'op.execute("UPDATE parcels.arrivals SET step = 1")',
        'op.execute("DELETE FROM parcels.arrivals")',
    ],
}


@pytest.mark.parametrize(
    ("rule", "body"), [(rule, body) for rule, bodies in FORBIDDEN.items() for body in bodies]
)
def test_what_would_disturb_a_running_suite_or_the_previous_release_is_found(
    release: Release, rule: str, body: str
) -> None:
    assert {breach.rule for breach in breaches(release(body), "0001")} == {rule}
    # Nothing is asked of what the last release has had.
    assert breaches(release(body), "0002") == []
    reason = f"ACCEPTED = {{'{rule}': 'the table is empty in every installation'}}"
    assert breaches(release(body, head=reason), "0001") == []
    assert (
        "without saying why"
        in breaches(release(body, head=f"ACCEPTED = {{'{rule}': 'fine'}}"), "0001")[0].why
    )


@pytest.mark.parametrize(
    "body",
    [
        COLUMN,
        INDEX,
        'op.add_column("arrivals", sa.Column("a", sa.Integer(), nullable=False, server_default="0"), schema="parcels")',
        'op.execute("ALTER TABLE parcels.arrivals ADD CONSTRAINT positive CHECK (step > 0) NOT VALID")',
        'op.execute("ALTER TABLE parcels.arrivals VALIDATE CONSTRAINT positive")',
        'op.drop_index_online("ix_arrivals_tenant_id", schema="parcels")',
        'op.alter_column("arrivals", "step", nullable=True, schema="parcels")',
        """
        op.create_table("boxes", sa.Column("tenant_id", sa.Uuid(), nullable=False), schema="parcels")
        op.isolate_tenants("boxes", schema="parcels")
        op.create_index("ix_boxes", "boxes", ["tenant_id"], unique=True, schema="parcels")
        """,
    ],
)
def test_what_only_adds_is_free(release: Release, body: str) -> None:
    assert breaches(release(body), "0001") == []


def test_a_reason_for_what_nobody_does_is_found(release: Release) -> None:
    found = breaches(release(COLUMN, head="ACCEPTED = {'drop': 'the column was never written'}"), "0001")
    assert [breach.why for breach in found] == ["is accepted, but nothing breaks it"]
