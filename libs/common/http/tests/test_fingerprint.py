"""When two bodies say the same."""

import pytest

from libs.common.http.fingerprint import Fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1,"b":[{"c":2,"d":3}]}', b'{ "b": [{"d": 3, "c": 2}],\n"a": 1}'),
        (b'{"a":"\\u00e9\\/"}', '{"a":"é/"}'.encode()),
        (b'{"a":1.50}', b'{"a":15e-1}'),
        (b"", b""),
        (b"no json", b"no json"),
        (b"[" * 5000, b"[" * 5000),
        (b"[" * 300 + b"]" * 300, b"[" * 300 + b"]" * 300),
    ],
)
def test_these_do(one: bytes, other: bytes) -> None:
    assert Fingerprint.of(one).fits(Fingerprint.of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1}', b'{"a":"1"}'),
        (b'{"a":1}', b'{"a":1.0}'),
        (b'{"a":9007199254740993}', b'{"a":9007199254740992}'),
        (b'{"a":null}', b"{}"),
        (b'{"a":true}', b'{"a":1}'),
        (b"[1,2]", b"[2,1]"),
        (b'{"a":{"b":1},"c":2}', b'{"a":{"c":2},"b":1}'),
        (b'{"a":"\\u00e9"}', b'{"a":"e\\u0301"}'),
        (b"", b"{}"),
        (b"no json", b"no  json"),
    ],
)
def test_these_do_not(one: bytes, other: bytes) -> None:
    assert not Fingerprint.of(one).fits(Fingerprint.of(other))
