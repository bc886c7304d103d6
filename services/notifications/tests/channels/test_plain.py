"""Subjects and addresses that are taken as they are: the library's parser would come to the same."""

import string
from email.headerregistry import Address
from email.policy import SMTP

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.notifications.channels import mail

_SIGNS = "!#$%&'*+/=?^_`{|}~-."
_LOCALS = st.text(string.ascii_letters + string.digits + _SIGNS, min_size=1, max_size=20)
_DOMAINS = st.text(string.ascii_letters + string.digits + "-.", min_size=1, max_size=20)


@given(st.text(st.characters(max_codepoint=0x100), min_size=1, max_size=90))
def test_a_subject_reads_as_the_library_would_have_it(subject: str) -> None:
    assume(len(subject.splitlines()) == 1)
    assert mail.as_read(subject) == str(SMTP.header_factory("Subject", subject.replace("=?", "= ?")))


@given(_LOCALS, _DOMAINS)
def test_a_plain_address_is_what_the_library_makes_of_it(local: str, domain: str) -> None:
    try:
        parsed = Address(addr_spec=f"{local}@{domain}")
    except Exception:
        parsed = None
    try:
        taken = mail.to_address(f"{local}@{domain}")
    except mail.PermanentFailure:
        taken = None
    assert taken == parsed


@pytest.mark.parametrize(
    "subject", [" Your order", "Your order ", "=?utf-8?q?Your?= order", "Bestellung für Sie"]
)
def test_a_subject_that_is_not_plain_goes_through_the_library(subject: str) -> None:
    assert mail.as_read(subject) == str(SMTP.header_factory("Subject", subject.replace("=?", "= ?")))
