"""Secrets do not get into what is written down."""

import pytest

from libs.common.masking import is_secret, masked


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "password_hash",
        "client_secret",
        "token",
        "refresh_token",
        "token_hash",
        "sealed_credentials",
        "credentials",
        "private_pem",
        "recovery_codes",
        "otp",
        "secret_key",
        "apiKey",
        "accessToken",
        "X-Api-Key",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "prefix",
        "tokens_left",
        "password_changed",
        "secretary",
        "seq",
        "key_id",
        "public_key",
        "api_key_id",
    ],
)
def test_other_names_are_not(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_masked_at_any_depth_and_what_is_absent_stays_absent() -> None:
    said = {"a": [{"secret": "x", "b": {"password": None, "name": "y"}}], "token": {"deep": 1}}

    assert masked(said) == {"a": [{"secret": "***", "b": {"password": None, "name": "y"}}], "token": "***"}
    assert masked(None) is None
