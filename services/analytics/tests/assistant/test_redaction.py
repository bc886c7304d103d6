"""What of people is not sent to a provider."""

import pytest

from services.analytics.assistant.model.redaction import redacted


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Ask naledi.mokoena+shop@example.co.za today", "Ask [email] today"),
        ("Call +27 21 555 0100 now", "Call [phone] now"),
        ("Call 021-555-0100", "Call [phone]"),
        ("тел. 8 (701) 555-01-00.", "тел. [phone]."),
        ("+77015550100", "[phone]"),
        ("иван@пример.рф", "[email]"),
    ],
)
def test_addresses_and_phone_numbers_are_taken_out(text: str, sent: str) -> None:
    assert redacted(text) == sent


@pytest.mark.parametrize(
    "text",
    [
        "From 2026-03-01 to 2026-03-31",
        "2026-03-01T00:00:00+00:00",
        "ZAR 1,234,567.89 of 42 orders",
        "the top 10 of the last 365 days",
        "0198c0de-0000-7000-8000-000000000000",
        "O-000001",
        "1 234 567",
    ],
)
def test_figures_dates_and_ids_stay(text: str) -> None:
    assert redacted(text) == text
