"""The passwords that everybody knows: 30,000 that leaked most often, and ours. They are looked up where they lie.

The list is that of the package `zxcvbn`, read as the text it is stored as: to import it would keep megabytes in every
process for what is asked when somebody sets a password.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_BEGIN, _END = b'"passwords": "', b'"'


def is_known(password: str) -> bool:
    """Whether a password, in lower case, is in one of the lists."""
    if "," in password:
        return False
    word = password.encode("utf-8", "replace")
    return password in _ours() or b",%b," % word in b",%b," % _leaked()


@cache
def _ours() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text().split())


def _leaked() -> bytes:
    """The list as one line, separated by commas."""
    lists = _file().read_bytes()
    begin = lists.index(_BEGIN) + len(_BEGIN)
    return lists[begin : lists.index(_END, begin)]


@cache
def _file() -> Path:
    spec = find_spec("zxcvbn")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package zxcvbn is not installed")
    return Path(spec.submodule_search_locations[0]) / "frequency_lists.py"
