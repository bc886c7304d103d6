"""The texts that come with the package: one TOML file per kind and language, one table per channel."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DEFAULT_LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one text. A push or an in-app notice has `subject` as its title."""

    type: str
    channel: str
    locale: str
    subject: str
    text: str
    html: str | None = None


@lru_cache
def builtin_sources() -> dict[tuple[str, str, str], Source]:
    """All texts by (type, channel, locale)."""
    found: dict[tuple[str, str, str], Source] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        kind, locale = path.stem.rsplit(".", 1)
        for channel, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found[kind, channel, locale] = Source(kind, channel, locale, **texts)
    return found
