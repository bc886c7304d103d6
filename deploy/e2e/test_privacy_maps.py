"""Every column of every service has a class: what it says of a person, and what erasure does to it."""

import re

import pytest
import sqlalchemy as sa

from libs.common.privacy.fields import BOOKS, Kind, TableMap, erase, faults, keep
from libs.common.runtime.registry import NAMES, load

_PERSONAL = re.compile(
    r"^(email|phone|first_name|last_name|user_agent|ip|birth.*|.*_email|(customer|author)_name)$"
)
# Columns with such a name that are about no person, each with the reason.
HARMLESS = {
    "identity.tenants.phone": "of a business",
    "payments.merchants.email": "of a business",
    "payments.merchants.phone": "of a business",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_column_has_a_class(name: str) -> None:
    service = load(name)
    tables = {table.name: table for table in service.metadata.tables.values()}

    assert list(faults(tables, service.privacy)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_column_with_the_name_of_something_personal_is_called_harmless(name: str) -> None:
    found = {
        f"{name}.{table}.{column}"
        for table, known in load(name).privacy.items()
        for column in known.harmless
        if _PERSONAL.match(column)
    }

    assert found - HARMLESS.keys() == set()


def test_a_column_without_a_class_is_found() -> None:
    table = sa.Table("things", sa.MetaData(), *(sa.Column(n, sa.Text) for n in ("id", "email", "phone")))

    def said(known: TableMap) -> list[str]:
        found = faults({"things": table}, {"things": known})
        return [text for text in found if text.startswith("things")]

    assert said(TableMap(none="id", fields={"email": erase(Kind.CONTACT)}, email=("email",))) == [
        "things.phone has no class"
    ]
    assert said(TableMap(none="id phone email gone")) == ["things.gone is no column"]
    assert said(TableMap(none="id phone", fields={"email": erase(Kind.CONTACT)})) == [
        "things.email: nothing says whom a row is about"
    ]
    assert said(TableMap(none="id phone", fields={"email": keep(Kind.CONTACT, "because")})) == [
        "things.email is kept without a reason"
    ]
    assert said(TableMap(none="id phone", fields={"email": keep(Kind.CONTACT, BOOKS)})) == []
