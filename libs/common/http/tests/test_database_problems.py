"""What callers are told of errors of the database."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from libs.common.http.problems import from_database


@pytest.mark.parametrize(
    "error",
    [
        errors.AdminShutdown(),
        errors.CannotConnectNow(),
        errors.ConnectionFailure(),
        errors.IdleInTransactionSessionTimeout(),
        errors.QueryCanceled(),
        psycopg.OperationalError("the connection is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_or_gave_up_is_to_be_tried_again(
    error: psycopg.Error, caplog: pytest.LogCaptureFixture
) -> None:
    found = DBAPIError.instance(None, None, error, psycopg.Error)
    assert isinstance(found, DBAPIError)

    problem = from_database(found)

    assert (problem.status, problem.slug) == (503, "unavailable")
    assert f"did not serve a request: {error}" in caplog.text


def test_an_error_that_says_nothing_on_a_lost_connection_is_to_be_tried_again() -> None:
    found = DBAPIError.instance(
        None, None, psycopg.InternalError("x"), psycopg.Error, connection_invalidated=True
    )
    assert isinstance(found, DBAPIError)

    assert from_database(found).status == 503


def test_an_error_of_a_statement_is_ours() -> None:
    found = DBAPIError.instance(None, None, errors.UndefinedTable(), psycopg.Error)
    assert isinstance(found, DBAPIError)

    assert from_database(found).status == 500
