"""The notes service on a database of this worker."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from libs.common.db.roles import grant, make_role
from libs.common.db.tenancy import is_isolated, isolation_ddl
from libs.common.http.tests.notes import SERVICE, Base
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import one_at_a_time


@pytest.fixture(scope="session")
async def context(common_settings: CommonSettings) -> AsyncIterator[ServiceContext]:
    """The context; the tables are made from the models, since this service has no history to migrate."""
    engine = create_engine(common_settings.sqlalchemy_url, poolclass=NullPool)
    with one_at_a_time(), engine.begin() as connection:
        make_role(connection, common_settings, "notes")
        connection.execute(text("CREATE SCHEMA notes"))
        Base.metadata.create_all(connection)
        for table in Base.metadata.sorted_tables:
            for statement in isolation_ddl("notes", table.name) if is_isolated(table) else ():
                connection.execute(text(statement))
        connection.execute(
            text(
                "ALTER TABLE notes.notes ADD CONSTRAINT uq_notes_serial UNIQUE (tenant_id, serial)"
                " DEFERRABLE INITIALLY DEFERRED"
            )
        )
        grant(connection, common_settings, "notes")
    engine.dispose()
    made = ServiceContext(SERVICE, common_settings)
    yield made
    await made.close()


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant."""
    return Client(context, user(tenant_id))
