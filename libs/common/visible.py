"""Whether a text shows anything: a name of nothing but fillers and marks of direction looks as blank as an empty one."""

import re

# Spaces and controls; what Unicode calls default-ignorable (joiners, marks of direction, fillers of Hangul, selectors of
# variants, tags), section 5.21; the marks of annotations; and the empty pattern of Braille.
_UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SEEN = re.compile(f"[^{_UNSEEN}]")


def is_visible(text: str) -> bool:
    """Whether a text has a character that shows, whatever stands around it."""
    return _SEEN.search(text) is not None
