"""Looking for proofs in the world: nothing within our own network is ever asked."""

import pytest

from services.identity.domains.proofs import PublicProofs


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/.well-known/pillars-verification.txt",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/.well-known/pillars-verification.txt",
        "https://[::1]/x",
        "http://example.com/x",
        "https://10.0.0.1:5432/",
    ],
)
async def test_no_file_is_read_within(url: str) -> None:
    assert await PublicProofs(0.5).file(url) is None


@pytest.mark.parametrize("name", ["", "a..b", "x" * 300, "no-such-name.invalid"])
async def test_a_name_without_records_shows_nothing(name: str) -> None:
    assert await PublicProofs(0.3).texts(name) == []
