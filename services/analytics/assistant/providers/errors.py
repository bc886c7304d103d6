"""What answers of an API that are no replies mean (platform.openai.com/docs/guides/error-codes)."""

import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from services.analytics.assistant.providers.base import ProviderBusy, ProviderFailed

LATE = "The language model did not answer in time."
AWAY = "The language model cannot be reached."
FAULT = "The language model's service has a fault."
BUSY = "The language model's service is too busy."
NO_CREDIT = "The account at the language model's service has no credit left."
BAD_KEY = "The language model's service refuses the key."
NO_MODEL = "The language model's service does not know the model."
REFUSED = "The language model's service refused the request."
GARBLED = "The language model's service answered something that cannot be read."
CUT = "The answer of the language model broke off."

# More calls do not help against these: money has run out.
_NO_CREDIT = ("quota", "credit", "billing", "spend")
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
LONGEST_WAIT = 8.0


def failure(status: int, headers: Mapping[str, str], error: Mapping[str, Any], now: float) -> ProviderFailed:
    """The error of an answer: a `ProviderBusy` where a repeat may help. Header names are in small letters."""
    said = f"{error.get('code') or ''} {error.get('type') or ''}".lower()
    if status in (402, 429) and any(word in said for word in _NO_CREDIT):
        return ProviderFailed(NO_CREDIT)
    if status in _AGAIN and headers.get("x-should-retry") != "false":
        reason = BUSY if status == 429 or status in (503, 529) else FAULT
        return ProviderBusy(reason, _retry_after(headers, now))
    if status in (401, 403):
        return ProviderFailed(BAD_KEY)
    if status == 404:
        return ProviderFailed(NO_MODEL)
    return ProviderFailed(FAULT if status >= 500 else REFUSED)


def wait_before(attempt: int, first: float, asked: float | None) -> float | None:
    """Seconds before the next try; None where the wait asked for is longer than anybody would wait."""
    if asked is not None:
        return asked if asked <= LONGEST_WAIT else None
    ceiling = min(LONGEST_WAIT, first * 2 ** (attempt - 1))
    return ceiling * (1 - random.uniform(0, 0.25))  # noqa: S311 - spreads load, keeps no secret


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) / unit)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - now)
        except (ValueError, OverflowError):
            continue
    return None
