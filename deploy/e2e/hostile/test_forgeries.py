"""Tokens and headers that say what nobody signed open nothing."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk, jwt

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import (
    SQL,
)
from deploy.e2e.hostile.problems import NOBODY, is_problem
from libs.common.actor import ACTOR_HEADER, OPERATOR_TENANT_ID


def encoded(value: Any) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(token: str, public_key: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tokens that say what a real one says, and are not signed by the platform."""
    head, body, signature = token.split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
    for algorithm in ("none", "None", "nOnE", ""):
        yield f"alg {algorithm}", f"{encoded({**header, 'alg': algorithm})}.{body}."
        yield f"alg {algorithm}, signed", f"{encoded({**header, 'alg': algorithm})}.{body}.{signature}"
    pem = jwk.construct(public_key).to_pem()
    for secret in (pem, pem.strip(), public_key["n"].encode(), b""):
        signed = f"{encoded({**header, 'alg': 'HS256'})}.{body}"
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        yield "HS256 with the public key", f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = jwk.construct(own, "RS256").public_key().to_dict()
    kid = {"kid": header["kid"]}
    yield "another key", jwt.encode(claims, own, "RS256", headers=kid)
    yield "a key of its own", jwt.encode(claims, own, "RS256", headers={**kid, "jwk": public})
    yield "a key elsewhere", jwt.encode(claims, own, "RS256", headers={**kid, "jku": "http://127.0.0.1:9/"})
    yield "an unknown key", jwt.encode(claims, own, "RS256", headers={"kid": "../../dev/null"})
    yield "no key", jwt.encode(claims, own, "RS256")
    yield "another issuer", jwt.encode({**claims, "iss": "https://evil.example"}, own, "RS256", headers=kid)
    yield "a key list", f"{encoded({**header, 'kid': [1]})}.{body}.{signature}"
    yield "another person", f"{head}.{encoded({**claims, 'sub': NOBODY})}.{signature}"
    yield "for ever", f"{head}.{encoded({**claims, 'exp': 10**12})}.{signature}"
    yield "cut off", token[:-6]
    yield "no JSON", f"eyJ.{body}.{signature}"
    yield "a list", f"{encoded([1])}.{body}.{signature}"
    yield "empty", "ey.."
    yield "huge", f"ey{'A' * 9000}.a.b"


async def test_forged_tokens_are_refused(suite: Suite, besieged: Shop) -> None:
    token = besieged.owner["Authorization"].removeprefix("Bearer ")
    async with suite.client() as client:
        keys = (await client.get(f"{suite.url}/.well-known/jwks.json")).json()["keys"]
        for name, forged in forgeries(token, keys[0]):
            headers = {"Authorization": f"Bearer {forged}", "X-Company-Id": besieged.company}
            response = await client.post("/categories", json={"name": "Forged"}, headers=headers)
            assert is_problem(response), (name, response.text)
            assert response.status_code == 401, name
            assert forged not in response.text
        assert (await client.get("/auth/me", headers=besieged.owner)).status_code == 200


async def test_headers_do_not_open_other_doors(suite: Suite, besieged: Shop) -> None:
    sign_in = {"Authorization": besieged.owner["Authorization"]}
    async with suite.client() as client:
        for company in (
            "x",
            "",
            "null",
            NOBODY,
            str(OPERATOR_TENANT_ID),
            f"{besieged.company},{NOBODY}",
            SQL,
        ):
            response = await client.get("/deals", headers={**sign_in, "X-Company-Id": company})
            assert is_problem(response), (company, response.status_code)
        twice = [*besieged.owner.items(), ("X-Company-Id", NOBODY)]
        assert is_problem(await client.get("/deals", headers=twice))
        system = f"{encoded({'kind': 'system'})}.{encoded({'permissions': ['*']})}"
        for name in (ACTOR_HEADER, ACTOR_HEADER.replace("-", "_"), "X-Pillars-Anything", "X-Original-URL"):
            anonymous = await client.get("/auth/me", headers={name: system})
            assert anonymous.status_code == 401, name
            assert (
                await client.get("/deals", headers={**besieged.owner, name: system})
            ).status_code == 200, name
        large = await client.get("/deals", headers={**besieged.owner, "X-Large": "x" * 40_000})
        assert is_problem(large)
        assert large.status_code == 431
