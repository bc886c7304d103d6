"""Takes addresses and phone numbers of people out of what is sent to a provider."""

import re

# It begins where such letters begin, so that a long word is looked through once.
_EMAIL = re.compile(r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]++@[\w-]+(?:\.[\w-]+)+")
# Nine digits or more, with the signs that people put between them; dates, ids and amounts have other forms.
_PHONE = re.compile(r"(?<![\w.,/#-])(?:\+|00)?\(?\d(?:[\d ().-]{7,17})\d(?!\w|[,./-]\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def redacted(text: str) -> str:
    """The text without addresses and phone numbers."""
    return _PHONE.sub(_phone, _EMAIL.sub("[email]", text))


def _phone(match: re.Match[str]) -> str:
    text = match[0]
    digits = sum(character.isdigit() for character in text)
    if not 9 <= digits <= 15 or _DATE.search(text):
        return text
    return "[phone]"
