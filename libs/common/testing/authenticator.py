"""A software authenticator: makes passkeys and signs with them as a device does, byte for byte (WebAuthn level 3).

Its keys are ES256, or EdDSA or RS256 where it is told; its attestation is `none`. Every answer can be
spoilt in one place, for tests of what must be refused.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
Json = dict[str, Any]
Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The inverse of `b64`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cose_of(private: Private) -> dict[int, int | bytes]:
    """The public half as a COSE key (RFC 9053, section 7; RFC 8230, section 4)."""
    public = private.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
    n = public.public_numbers().n
    return {1: 3, 3: -257, -1: n.to_bytes(public.key_size // 8, "big"), -2: b"\x01\x00\x01"}


def _signed(private: Private, data: bytes) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(hashes.SHA256()))
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    return private.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Key:
    """A passkey on the device."""

    rp_id: str
    user_handle: bytes
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: Private = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0


class Authenticator:
    """A device. `counts` says whether it counts the uses of its keys; those that copy keys do not.

    The keyword arguments of `create` and `get` take the place of what it would say: `origin`, `type`, `challenge`, `rp_id`,
    `flags`, `count`, `extensions` (bytes), for `create` `private` (its key), `key` (bytes), `fmt` and `statement`, and for `get`
    `user_handle` and `private` (the key that signs).
    """

    def __init__(self, origin: str, *, counts: bool = True) -> None:
        self.origin = origin
        self.counts = counts
        self.keys: list[Key] = []

    def create(self, options: Json, **spoilt: Any) -> Json:
        """Answer `navigator.credentials.create()`, in the form of `toJSON()`."""
        key = Key(options["rp"]["id"], unb64(options["user"]["id"]))
        self.keys.append(key)
        key.private = spoilt.get("private", key.private)
        public_key = spoilt.get("key", cbor2.dumps(cose_of(key.private)))
        length = len(key.credential_id).to_bytes(2, "big")
        attested = bytes(16) + length + key.credential_id + public_key
        data = self._data(key, UP | UV | AT, spoilt) + attested + spoilt.get("extensions", b"")
        statement = {
            "fmt": spoilt.get("fmt", "none"),
            "attStmt": spoilt.get("statement", {}),
            "authData": data,
        }
        return {
            "id": b64(key.credential_id),
            "rawId": b64(key.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": b64(self._client_data("webauthn.create", options, spoilt)),
                "attestationObject": b64(cbor2.dumps(statement)),
                "transports": ["internal", "hybrid"],
            },
        }

    def get(self, options: Json, key: Key | None = None, **spoilt: Any) -> Json:
        """Answer `navigator.credentials.get()` with a key for the site, by default the last one made."""
        key = key or next(k for k in reversed(self.keys) if k.rp_id == options["rpId"])
        if self.counts:
            key.count += 1
        data = self._data(key, UP | UV, spoilt) + spoilt.get("extensions", b"")
        client_data = self._client_data("webauthn.get", options, spoilt)
        private = spoilt.get("private", key.private)
        signed = _signed(private, data + hashlib.sha256(client_data).digest())
        handle = spoilt.get("user_handle", key.user_handle)
        return {
            "id": b64(key.credential_id),
            "rawId": b64(key.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(signed),
                "userHandle": b64(handle) if handle is not None else None,
            },
        }

    def _data(self, key: Key, flags: int, spoilt: Json) -> bytes:
        rp_id = spoilt.get("rp_id", key.rp_id)
        count = spoilt.get("count", key.count)
        flags = spoilt.get("flags", flags)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _client_data(self, kind: str, options: Json, spoilt: Json) -> bytes:
        said = {
            "type": spoilt.get("type", kind),
            "challenge": spoilt.get("challenge", options["challenge"]),
            "origin": spoilt.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(said, separators=(",", ":")).encode()
