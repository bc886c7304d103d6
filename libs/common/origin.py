"""From where a request came: the client's address and program, and how the business acted in was found.

The gateway alone knows the client, so services hand it on with the calls that they make of each other. It is for reading
by people: nobody's rights rest on it.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

ORIGIN_HEADER = "x-pillars-origin"
MAX_ADDRESS = 64
MAX_USER_AGENT = 200
_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Origin:
    """What an origin says.

    Attributes:
        address: of the client, as the gateway saw it.
        user_agent: the client's program, in its own words; at most 200 characters of ASCII.
        tenant_via: how the business was found: `host`, `header`, `home`, `query` or `key`.
    """

    address: str | None = None
    user_agent: str | None = None
    tenant_via: str | None = None


class Arrival:
    """The headers of a request, read when somebody wants to know where it came from; most requests write nothing."""

    __slots__ = ("_headers", "_text", "_via")

    def __init__(self, headers: Mapping[str, str], tenant_via: str | None) -> None:
        self._headers = headers
        self._via = tenant_via
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The origin in one line, as events carry it: `<address> <how the business was found> <user agent>`."""
        if self._text is None:
            self._text = self._headers.get(ORIGIN_HEADER) or self._read()
        return self._text

    def _read(self) -> str:
        # The gateway is who sets it; its own word comes last.
        address = self._headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if not address:
            return ""
        agent = self._headers.get("user-agent", "")[:MAX_USER_AGENT]
        return " ".join((_word(address), _word(self._via), _printable(agent).strip())).rstrip()


# Where the request came from that is being answered here; absent in background work.
arrived: ContextVar[Arrival | None] = ContextVar("arrived", default=None)


def origin_text() -> str | None:
    """The origin of the running request, or None where there is none."""
    arrival = arrived.get()
    return (arrival.text or None) if arrival is not None else None


def read_origin(text: str | None) -> Origin:
    """What the line says; whatever is not there is None."""
    if not text:
        return Origin()
    address, _, rest = text.partition(" ")
    via, _, agent = rest.partition(" ")
    return Origin(_known(address[:MAX_ADDRESS]), agent[:MAX_USER_AGENT] or None, _known(via[:MAX_ADDRESS]))


def _known(word: str) -> str | None:
    return None if word in ("", _ABSENT) else word


def _word(text: str | None) -> str:
    return _printable(text or _ABSENT).replace(" ", "")[:MAX_ADDRESS] or _ABSENT


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)
