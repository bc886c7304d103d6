"""Every table, as the role of its service: a tenant sees, counts and changes its own rows and no others."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import create_engine

from deploy.e2e.isolation import tables
from deploy.e2e.isolation.catalogue import Catalogue, Table
from deploy.e2e.isolation.design import design
from deploy.e2e.isolation.rights import attempts, rights
from deploy.e2e.isolation.rows import Side, fill, insert
from deploy.e2e.isolation.trying import acting, refused_insert
from libs.common.db.differences import differences
from libs.common.runtime.registry import NAMES, load, load_all
from libs.common.settings import CommonSettings
from libs.common.testing.plugin import new_database, settings_for_tests

pytestmark = pytest.mark.xdist_group("isolation")


@dataclass(frozen=True)
class Scratch:
    """A database of no running suite, with a row of two tenants in every table."""

    settings: CommonSettings
    admin: psycopg.Connection
    catalogue: Catalogue
    sides: tuple[Side, Side]

    def walk(self, service: str) -> list[str]:
        """All that is wrong with the tables of a service, tried on a connection of its role."""
        found = [*design(self.admin, self.catalogue, service)]
        with self.connect(service) as connection:
            return found + self._rows(self.catalogue.of(service), connection)

    def walk_planted(self, service: str, *names: str) -> list[str]:
        """The same for some tables as they are in the administrator's transaction, where a fault was planted."""
        catalogue = Catalogue(self.admin)
        found = [*design(self.admin, catalogue, service)]
        self.admin.execute(f'SET LOCAL ROLE "{self.settings.role(service)}"')
        return found + self._rows([catalogue.tables[f"{service}.{name}"] for name in names], self.admin)

    def _rows(self, walked: list[Table], connection: psycopg.Connection) -> list[str]:
        found: list[str] = []
        for table in walked:
            try_rows = tables.rows if table.has_tenant else tables.shared_rows
            for own, other in (self.sides, self.sides[::-1]):
                if str(table) in other.rows and str(table) in own.rows:
                    found += try_rows(connection, table, own, other)
        return found

    def connect(self, service: str) -> psycopg.Connection:
        """A connection as the role of a service."""
        return psycopg.connect(self.settings.service_database_url(service), autocommit=True)


@pytest.fixture(scope="module")
def scratch(postgres_url: str) -> Iterator[Scratch]:
    """The database of these tests."""
    with new_database(postgres_url, *load_all()) as url:
        settings = settings_for_tests(url)
        with psycopg.connect(url, autocommit=True) as admin:
            catalogue = Catalogue(admin)
            yield Scratch(settings, admin, catalogue, fill(admin, catalogue, NAMES))


def test_every_table_of_the_models_is_walked(scratch: Scratch) -> None:
    of_models = {table.fullname for name in NAMES for table in load(name).metadata.sorted_tables}
    walked = {str(table) for table in scratch.catalogue if str(table) in scratch.sides[0].rows}
    assert of_models <= walked
    assert {table.schema for table in scratch.catalogue} <= {*NAMES, "bus", "public"}


@pytest.mark.parametrize("name", NAMES)
def test_no_row_crosses(scratch: Scratch, name: str) -> None:
    assert scratch.walk(name) == []


@pytest.mark.parametrize("name", [*NAMES, "bus"])
def test_a_role_may_read_and_write_its_own_rows_and_nothing_else(scratch: Scratch, name: str) -> None:
    assert [*rights(scratch.admin, scratch.settings, name)] == []
    if name != "bus":
        with scratch.connect(name) as connection:
            assert [*attempts(connection, scratch.catalogue, name)] == []


def test_roles_of_the_platform_show_to_every_tenant_and_change_for_none(scratch: Scratch) -> None:
    own, other = scratch.sides
    table = scratch.catalogue.tables["identity.roles"]
    row = {**other.rows[str(table)], "id": other.id("system"), "code": "system", "is_system": True}
    with scratch.connect("identity") as connection:
        with acting(connection, scope="platform"):
            insert(connection, table, row)
            connection.execute(
                "SELECT set_config('app.scope', '', true), set_config('app.tenant_id', %s, true)",
                (str(own.tenant_id),),
            )
            seen = connection.execute("SELECT code FROM identity.roles WHERE is_system").fetchall()
            assert seen == [("system",)]
            assert connection.execute("UPDATE identity.roles SET name = 'x' WHERE is_system").rowcount == 0
            assert connection.execute("DELETE FROM identity.roles WHERE is_system").rowcount == 0
            own_system = {**own.rows[str(table)], "id": own.id("system"), "code": "mine", "is_system": True}
            assert refused_insert(connection, table, own_system) is None


# Ways to break the isolation of a table, each with words of the sentence that must tell of it.
FAULTS = {
    "DROP POLICY tenant_isolation ON crm.deals": "crm.deals shows 0 rows to a tenant",
    "ALTER TABLE crm.deals DISABLE ROW LEVEL SECURITY": "crm.deals shows a row of another tenant",
    "ALTER TABLE crm.deals NO FORCE ROW LEVEL SECURITY": "crm.deals has no row-level security",
    "CREATE POLICY all_of_them ON crm.deals FOR SELECT USING (true)": "crm.deals counts rows of another",
    "ALTER POLICY tenant_isolation ON crm.deals WITH CHECK (true)": "crm.deals takes a row for another",
    "CREATE TABLE crm.notes (tenant_id uuid, text text)": "crm.notes has not the one policy",
    "CREATE TABLE crm.notes (text text)": "crm.notes has no tenant_id",
    "CREATE VIEW crm.all_deals AS SELECT * FROM crm.deals": "crm.all_deals is no plain table",
    "CREATE UNIQUE INDEX uq_name ON crm.deals (name)": "uq_name of crm.deals tells that another tenant",
    "ALTER TABLE crm.deals ADD UNIQUE (id); ALTER TABLE crm.tasks ADD CONSTRAINT fk_any"
    " FOREIGN KEY (deal_id) REFERENCES crm.deals (id)": "fk_any of crm.tasks refers to rows of any",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_of_a_table_is_found(scratch: Scratch, fault: str) -> None:
    with scratch.admin.transaction(force_rollback=True):
        scratch.admin.execute(fault)
        found = scratch.walk_planted("crm", "deals", "leads", "tasks")
    assert any(FAULTS[fault] in sentence for sentence in found), found
    assert not any(sentence.startswith("crm.leads") for sentence in found)


@pytest.mark.parametrize(
    "fault",
    [
        "ALTER ROLE {role} BYPASSRLS",
        "ALTER ROLE {role} SET app.scope = 'platform'",
        "GRANT {other} TO {role}",
        "GRANT USAGE ON SCHEMA orders TO {role}",
        "GRANT SELECT ON orders.orders TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "GRANT TRUNCATE ON crm.deals TO {role}",
        "GRANT SELECT ON SEQUENCE crm.outbox_id_seq TO {role}",
        "ALTER TABLE crm.deals OWNER TO {role}",
        "CREATE FUNCTION crm.peek() RETURNS bigint LANGUAGE sql SET app.scope = 'platform'"
        " AS 'SELECT count(*) FROM crm.deals'",
        "CREATE FUNCTION crm.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT count(*) FROM crm.deals'",
    ],
)
def test_a_right_too_many_is_found(scratch: Scratch, fault: str) -> None:
    role, other = scratch.settings.role("crm"), scratch.settings.role("orders")
    with scratch.admin.transaction(force_rollback=True):
        scratch.admin.execute(fault.format(role=role, other=other))
        assert [*rights(scratch.admin, scratch.settings, "crm")] != []


def test_the_check_of_migrations_finds_a_table_without_isolation(scratch: Scratch) -> None:
    engine = create_engine(scratch.settings.sqlalchemy_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE crm.deals DISABLE ROW LEVEL SECURITY")
        planted = differences(load("crm"), connection)
        connection.rollback()
    engine.dispose()
    assert "crm.deals has no tenant isolation" in planted
