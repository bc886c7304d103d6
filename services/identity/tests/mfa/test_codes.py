"""One-time codes against the vectors of the standards, and recovery codes."""

from datetime import UTC, datetime

import pyotp
import pytest

from services.identity.mfa.codes import (
    is_one_time_code,
    matching_step,
    new_recovery_code,
    new_seed,
    otpauth_uri,
    picture_of,
    recovery_hash,
)

# The ASCII text 12345678901234567890 of RFC 4226 and RFC 6238.
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def at(seconds: int) -> datetime:
    """A moment in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
        (1767323045, "652348"),
    ],
)
def test_the_vectors_of_rfc_6238_hold(seconds: int, code: str) -> None:
    assert matching_step(SEED, code, at(seconds), None) == seconds // 30


def test_the_step_before_and_after_are_taken_and_no_others() -> None:
    now = at(1767323045)
    step = 1767323045 // 30
    totp = pyotp.TOTP(SEED)

    assert matching_step(SEED, "391022", now, None) == step - 1
    assert matching_step(SEED, "751330", now, None) == step + 1
    for far in (-2, 2, 10):
        assert matching_step(SEED, totp.at((step + far) * 30), now, None) is None


def test_no_step_is_taken_twice_and_none_before_the_last() -> None:
    now = at(1767323045)
    step = 1767323045 // 30

    assert matching_step(SEED, "652348", now, step) is None
    assert matching_step(SEED, "391022", now, step) is None
    assert matching_step(SEED, "751330", now, step) == step + 1


def test_a_seed_has_160_bits_and_comes_as_a_link_and_a_picture() -> None:
    seed = new_seed()
    uri = otpauth_uri(SEED, "u@example.com", "Shop")

    assert len(seed) == 32
    assert seed != new_seed()
    assert uri == f"otpauth://totp/Shop:u%40example.com?secret={SEED}&issuer=Shop"
    assert picture_of(uri).startswith("<svg ")


def test_recovery_codes_are_read_with_and_without_hyphens() -> None:
    code = new_recovery_code()

    assert len(code) == 19
    assert code.count("-") == 3
    assert not is_one_time_code(code)
    for spelling in (code.upper(), code.replace("-", ""), code.replace("-", " ")):
        assert recovery_hash(spelling) == recovery_hash(code)
    assert len({new_recovery_code() for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["12345", "1234567", "12345a", "١٢٣٤٥٦", ""])
def test_only_six_digits_are_a_one_time_code(text: str) -> None:
    assert not is_one_time_code(text)
