"""What is written down of one business names no other, and its figures are its own."""

import psycopg
import pytest

from deploy.e2e.isolation.catalogue import Catalogue
from deploy.e2e.isolation.neighbours import World, secrets_of
from libs.common.runtime.registry import NAMES

pytestmark = pytest.mark.xdist_group("isolation")


def test_no_row_of_one_names_the_other(world: World) -> None:
    rows = 0
    for mine, theirs in ((world.one, world.two), (world.two, world.one)):
        secrets = secrets_of(world.suite, theirs)
        with psycopg.connect(world.suite.settings.database_url) as connection:
            for table in Catalogue(connection):
                # Of the outbox, dead letters and jobs too: what is published of one is of one.
                if table.schema in NAMES and table.has_tenant:
                    texts = connection.execute(
                        f"SELECT t::text FROM {table.sql} t WHERE tenant_id = %s", (mine.company,)
                    ).fetchall()
                    rows += len(texts)
                    found = {secret for (text,) in texts for secret in secrets.found(text)}
                    assert not found, f"{table} has {found} of another business"
    assert rows > 500


async def test_no_figure_changes_when_another_business_comes(world: World) -> None:
    changed = {name for name in world.before if world.before[name] != world.after.get(name)}
    assert {name: (world.before[name], world.after.get(name)) for name in changed} == {}
    assert len(world.before) > 90
