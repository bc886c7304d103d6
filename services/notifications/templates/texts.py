"""Chooses and fills in the texts of one kind of notification."""

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.common.db.direct import Row, Run, all_of
from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.announcements.kinds import ChannelName
from services.notifications.templates.builtin import DEFAULT_LOCALE, Source, builtin_sources
from services.notifications.templates.errors import TemplateInvalid
from services.notifications.templates.html import html_of, page_of
from services.notifications.templates.language import render
from services.notifications.templates.models import Template
from services.notifications.templates.repository import TemplateRepository, own_texts

log = logging.getLogger("pillars.notifications.templates")

MAX_SUBJECT = 200
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


Texts = Template | Source


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its values in place. `html` is a whole document, for mails only."""

    subject: str
    text: str
    html: str | None


def one_line(value: str) -> str:
    """A text that can stand in a header: no line break, no control character, at most 200 characters."""
    return _BREAKS.sub(" ", value).strip()[:MAX_SUBJECT]


def fill(source: Texts, variables: Mapping[str, Any], *, channel: str, locale: str) -> Filled:
    """Fill in the parts of one text.

    Raises:
        TemplateInvalid: a part cannot be filled in.
    """
    subject = one_line(render(source.subject, variables))
    text = render(source.text, variables).strip()
    if channel != ChannelName.EMAIL:
        return Filled(subject, text, None)
    body = render(source.html, variables, html=True) if source.html else html_of(text)
    return Filled(subject, text, page_of(body, language=locale, title=subject))


class TextBook:
    """The texts of one kind, loaded with one query: a tenant's own before the built-in, the reader's language first."""

    def __init__(self, kind: str, own: Mapping[tuple[str, str], Texts]) -> None:
        self._kind = kind
        self._own = own

    @classmethod
    async def load(cls, uow: UnitOfWork, kind: str, locales: Iterable[str]) -> "TextBook":
        """Load the tenant's own texts in these languages and those they fall back to."""
        [rows] = await all_of(uow, cls.asking(uow, {kind}, locales))
        return cls.read({kind}, rows)[kind]

    @staticmethod
    def asking(uow: UnitOfWork, kinds: Collection[str], locales: Iterable[str]) -> Run:
        """The query for the texts of several kinds, to be sent along with others; `read` takes its rows."""
        wanted = {candidate for locale in locales for candidate in candidates(locale)}
        return TemplateRepository(uow).of_types(kinds, wanted)

    @classmethod
    def read(cls, kinds: Collection[str], rows: Iterable[Row]) -> dict[str, "TextBook"]:
        """The books of these kinds."""
        own: dict[str, dict[tuple[str, str], Texts]] = {kind: {} for kind in kinds}
        for row in own_texts(rows):
            own[row.type][row.channel, row.locale] = row
        return {kind: cls(kind, texts) for kind, texts in own.items()}

    def fill(self, channel: str, locale: str, variables: Mapping[str, Any]) -> Filled:
        """The text for a channel and a reader. A tenant's own text that fails gives way to the built-in one."""
        for candidate in candidates(locale):
            own = self._own.get((channel, candidate))
            if own is not None:
                try:
                    return fill(own, variables, channel=channel, locale=candidate)
                except TemplateInvalid as error:
                    log.warning("own template of %s/%s not usable: %s", self._kind, channel, error.detail)
            builtin = builtin_sources().get((self._kind, channel, candidate))
            if builtin is not None:
                return fill(builtin, variables, channel=channel, locale=candidate)
        raise LookupError(f"there is no text for {self._kind} over {channel}")


def candidates(locale: str) -> list[str]:
    """The languages to try: pt-BR, pt, en."""
    found = [locale, locale.replace("_", "-").split("-")[0], DEFAULT_LOCALE]
    return list(dict.fromkeys(found))
