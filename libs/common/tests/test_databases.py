"""Databases of tests: copies of one that was migrated, which do not know of each other."""

from collections.abc import Callable

import psycopg

from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.settings import CommonSettings

_COUNT = "SELECT count(*) FROM parcels.parcels"
_MIGRATED = "SELECT version_num FROM parcels.alembic_version"


def test_each_is_empty_and_migrated_whatever_another_holds(
    fresh_database: Callable[..., CommonSettings],
) -> None:
    first, second = fresh_database(SERVICE), fresh_database(SERVICE)
    assert first.database_url != second.database_url
    with psycopg.connect(first.database_url) as written:
        written.execute("CREATE TABLE parcels.more ()")
        migrated = written.execute(_MIGRATED).fetchall()
    for settings in (second, fresh_database(SERVICE)):
        with psycopg.connect(settings.database_url) as other:
            assert other.execute("SELECT to_regclass('parcels.more')").fetchone() == (None,)
            assert other.execute(_MIGRATED).fetchall() == migrated != []


def test_the_service_has_its_rights_in_a_copy(fresh_database: Callable[..., CommonSettings]) -> None:
    settings = fresh_database(SERVICE)
    with psycopg.connect(settings.service_database_url("parcels")) as connection:
        assert connection.execute(_COUNT).fetchone() == (0,)
        whose = connection.execute("SELECT current_user").fetchone()
    assert whose == (settings.role("parcels"),)
