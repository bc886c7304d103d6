"""Secrets at rest."""

import base64

import pytest

from libs.common.crypto import DecryptionFailed, KeyRing


def key(byte: int) -> str:
    """A key of 32 equal bytes, as the setting has it."""
    return base64.b64encode(bytes([byte]) * 32).decode()


def test_a_secret_can_be_read_again() -> None:
    ring = KeyRing.parse(f"k1:{key(1)}")
    stored = ring.encrypt("whsec_abc", purpose="accounts")
    assert "whsec" not in stored
    assert ring.decrypt(stored, purpose="accounts") == "whsec_abc"
    assert ring.encrypt("whsec_abc", purpose="accounts") != stored


def test_old_values_stay_readable_after_a_rotation() -> None:
    stored = KeyRing.parse(f"k1:{key(1)}").encrypt("secret", purpose="p")
    ring = KeyRing.parse(f"k2:{key(2)},k1:{key(1)}")
    assert ring.decrypt(stored, purpose="p") == "secret"
    assert ring.encrypt("secret", purpose="p").startswith("k2:")


def test_a_value_moved_elsewhere_or_altered_is_not_read() -> None:
    ring = KeyRing.parse(f"k1:{key(1)}")
    stored = ring.encrypt("secret", purpose="accounts")
    flipped = stored[:-2] + ("A" if stored[-2] != "A" else "B") + stored[-1]
    for value, purpose in ((stored, "totp"), (flipped, "accounts"), ("k9:" + stored[3:], "accounts")):
        with pytest.raises(DecryptionFailed):
            ring.decrypt(value, purpose=purpose)


@pytest.mark.parametrize("text", ["", "k1:" + base64.b64encode(b"short").decode(), "k1:***"])
def test_a_broken_key_ring_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError):
        KeyRing.parse(text)
