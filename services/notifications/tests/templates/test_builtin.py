"""The texts that come with the package."""

import pytest

from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.templates.builtin import builtin_sources
from services.notifications.templates.samples import SAMPLE
from services.notifications.templates.texts import candidates, fill


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_text_for_each_of_its_channels(kind: str, locale: str) -> None:
    for channel in KINDS[kind].channels:
        source = builtin_sources()[kind, channel, locale]
        assert fill(source, SAMPLE, channel=channel, locale=locale).text
        for values in (SAMPLE, {}):
            filled = fill(source, values, channel=channel, locale=locale)
            assert "{" not in filled.subject + filled.text
            assert "Undefined" not in filled.text
            assert (filled.html is not None) == (channel is ChannelName.EMAIL)


def test_there_is_no_text_for_anything_else() -> None:
    expected = {
        (kind.name, str(channel), locale)
        for kind in KINDS.values()
        for channel in kind.channels
        for locale in ("en", "ru")
    }
    assert {(k, str(c), locale) for k, c, locale in builtin_sources()} == expected


def test_languages_fall_back_to_the_plain_one_and_to_english() -> None:
    assert candidates("pt-BR") == ["pt-BR", "pt", "en"]
    assert candidates("ru_RU") == ["ru_RU", "ru", "en"]
    assert candidates("en") == ["en"]
