"""Sign-ins a second on one core beside argon2id alone, the check of a token beside a bare signature check, and whether
the time of an answer tells that there is an account."""

import asyncio
import hmac
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from jose import jwk
from jose.utils import base64_to_long, base64url_decode

from bench.bench import Bench
from bench.indistinguishable import LEVEL, Compared, compare
from bench.load import Load, offer
from bench.report import Row, least
from bench.shop import Builder, Shop
from bench.stats import Sample
from bench.suite import Suite
from gateway.settings import GatewaySettings
from gateway.tokens import TokenVerifier
from libs.common.actor import ACTOR_HEADER, ActorSigner, system_actor
from libs.common.clock import SystemClock
from services.identity.settings import IdentitySettings

SECTION = "sign-in"
# What answers alike for every address: how it is asked, and the status that all get.
_ASKED: dict[str, tuple[Callable[[str], Any], int]] = {
    "/auth/login": (lambda email: {"email": email, "password": "not the password"}, 401),
    "/auth/password/forgot": (lambda email: {"email": email}, 202),
}
# Argon2 alone, on one core: verifies for so many seconds and says how many a second that were.
_BARE = """
import sys, time
from argon2 import PasswordHasher
seconds, memory, passes, lanes = float(sys.argv[1]), *map(int, sys.argv[2:])
hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
stored = hasher.hash("Sunrise-9")
began, count = time.perf_counter(), 0
while time.perf_counter() - began < seconds:
    hasher.verify(stored, "Sunrise-9")
    count += 1
print(count / (time.perf_counter() - began))
"""


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite, shop = bench.suite, bench.shops(1)[0]
    cores = sorted(os.sched_getaffinity(0))
    for name in ("identity", "gateway"):
        suite.pin(name, cores[:1])
    seconds = bench.options.some(10, 2)
    try:
        runs = bench.runs("sign-ins and bare argon2id", lambda: _sign_ins(suite, shop, seconds, cores))
    finally:
        for name in ("identity", "gateway"):
            suite.pin(name, cores)
    bench.say("known and unknown accounts")
    told = {
        path: [_told(suite, shop, path, bench.options.some(400, 60)) for _ in range(bench.options.runs)]
        for path in _ASKED
    }
    bench.say("token checks")
    checks = [_checks(suite, shop, bench.options.some(5000, 300)) for _ in range(bench.options.runs)]
    return [
        Row(
            SECTION,
            "sign-ins, gateway and identity on one core",
            "per s",
            Sample.of([ours for ours, _, _ in runs]),
            Sample.of([bare for _, bare, _ in runs]),
            "argon2id alone with the same parameters on the same core",
        ),
        Row(SECTION, "… p99, 8 at once", "ms", Sample.of([p99 for _, _, p99 in runs])),
        *(row for path, found in told.items() for row in _tellings(path, found)),
        _check(
            "token check, not seen before",
            "unseen",
            "RS256 check of the same token by cryptography alone",
            checks,
            "rs256",
        ),
        _check("token check, seen before", "seen", "HMAC-SHA256 over the same token", checks, "hmac"),
    ]


def _people(suite: Suite, shop: Shop, count: int) -> list[str]:
    """The addresses of so many accounts."""
    builder, run = Builder(suite.url), secrets.token_hex(4)
    names = [f"known-{run}-{number}@example.com" for number in range(count)]
    for name in names:
        person = {"email": name, "password": f"Sunrise-{run}-9", "first_name": "K", "last_name": "N"}
        builder.call("POST", "/auth/signup", json={**person, "company_id": shop.tenant_id})
    suite.settle()
    return names


def _told(suite: Suite, shop: Shop, path: str, rounds: int) -> Compared:
    # Both kinds are new: what is counted of a name grows with every failure, and is read with the next.
    known, run = _people(suite, shop, 20), secrets.token_hex(4)
    unknown = [f"other-{run}-{number}@example.com" for number in range(len(known))]
    body_of, expect = _ASKED[path]
    return compare(suite.url, f"/api/v1{path}", body_of, known, unknown, rounds, expect)


def _tellings(path: str, found: list[Compared]) -> list[Row]:
    return [
        Row(
            SECTION,
            f"POST {path} for a known account",
            "ms",
            Sample.of([one.known for one in found]),
            Sample.of([one.unknown for one in found]),
            "the same for an address without an account, in turn",
        ),
        Row(
            SECTION,
            "… p of a rank test that there is no difference",
            "",
            Sample.of([one.p for one in found]),
            target=least(LEVEL),
        ),
        Row(SECTION, "… difference that it would have found", "ms", Sample.of([one.found for one in found])),
    ]


def _sign_ins(suite: Suite, shop: Shop, seconds: float, cores: list[int]) -> tuple[float, float, float]:
    body = {"email": shop.owner_email, "password": shop.owner_password}
    item = {"path": "/api/v1/auth/login", "body": body}
    load = Load(suite.url, "post", [item], connections=8, seconds=seconds, warm_up=1, cores=cores[-1:])
    seen = offer(load)
    settings = IdentitySettings()
    parameters = (settings.argon2_memory_kib, settings.argon2_time, settings.argon2_parallelism)
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(seconds), *map(str, parameters)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores[:1]),
    )
    return seen.rate, float(done.stdout), seen.p99


def _check(name: str, figure: str, note: str, checks: list[dict[str, float]], baseline: str) -> Row:
    return Row(
        SECTION,
        name,
        "µs",
        Sample.of([found[figure] for found in checks]),
        Sample.of([found[baseline] for found in checks]),
        note,
    )


class _Keys:
    def __init__(self, keys: dict[str, Any]) -> None:
        self._keys = keys

    async def get(self, key_id: str, *, seconds: float) -> Any:
        return self._keys.get(key_id)


def _checks(suite: Suite, shop: Shop, count: int) -> dict[str, float]:
    signer = ActorSigner(suite.common.secret_key.get_secret_value())
    document = httpx.get(
        f"http://127.0.0.1:{suite.ports['identity']}/.well-known/jwks.json",
        headers={ACTOR_HEADER: signer.sign(system_actor("gateway"), time.time())},
    ).json()
    keys: Any = _Keys({raw["kid"]: jwk.construct(raw, "RS256") for raw in document["keys"]})
    token = shop.owner_token
    head, payload, signature = token.split(".")
    kid = json.loads(base64url_decode(head.encode()))["kid"]
    raw = next(raw for raw in document["keys"] if raw["kid"] == kid)
    public = RSAPublicNumbers(base64_to_long(raw["e"]), base64_to_long(raw["n"])).public_key()
    signed, mark = f"{head}.{payload}".encode(), base64url_decode(signature.encode())
    never = TokenVerifier(GatewaySettings(token_cache_seconds=0), keys, SystemClock())
    cached = TokenVerifier(GatewaySettings(), keys, SystemClock())
    key = os.urandom(32)
    return {
        "unseen": asyncio.run(_verified(never, token, count)),
        "seen": asyncio.run(_verified(cached, token, count * 20)),
        "rs256": _timed(lambda: public.verify(mark, signed, padding.PKCS1v15(), SHA256()), count),
        "hmac": _timed(lambda: hmac.digest(key, token.encode(), "sha256"), count * 20),
    }


async def _verified(verifier: TokenVerifier, token: str, count: int) -> float:
    await verifier.verify(token, keys_seconds=300)
    began = time.perf_counter()
    for _ in range(count):
        await verifier.verify(token, keys_seconds=300)
    return (time.perf_counter() - began) / count * 1e6


def _timed(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - began) / count * 1e6
