"""A simulator of an OpenID provider, with a switch for everything in which its word can be wrong.

It checks what a provider checks: client, redirect address, PKCE, and that a code comes once. Plug it in as the transport of
an httpx client; `Internet` leads to several by their host names.
"""

import base64
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from libs.common.clock import Clock

Json = dict[str, Any]


@cache
def _private_key(number: int) -> rsa.RSAPrivateKey:
    # Made once a run, for that takes a while.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class IdentityProvider:
    """A provider at `issuer` with one client and one person.

    Switches:
        person: what it knows of the person.
        says: claims in place of the right ones in ID tokens; None leaves one out.
        header: members in place of the right ones in the header of ID tokens.
        describes: members in place of the right ones in its description.
        breaks_off: an error with which it sends the browser back, in place of a code.
        names_issuer: an issuer that it names in its answer to the browser (RFC 9207).
        failures: how often an endpoint (`discovery`, `token`, `jwks`, `userinfo`) fails before it works; negative: hangs up.
        signs_with: number of the key that signs; `publishes`: numbers of the keys that it shows; `names`: their ids, by
            number, in place of `key-<number>`.
    """

    def __init__(
        self, issuer: str, clock: Clock, *, client_id: str = "our-client", secret: str | None = "our secret/+"
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.secret = secret
        self.clock = clock
        self.person: Json = {
            "sub": secrets.token_hex(10),
            "email": f"p{secrets.token_hex(8)}@example.com",
            "email_verified": True,
            "given_name": "Naledi",
            "family_name": "Mokoena",
            "locale": "en-ZA",
        }
        self.says: Json = {}
        self.header: Json = {}
        self.describes: Json = {}
        self.breaks_off: str | None = None
        self.names_issuer: str | None = None
        self.failures: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.signs_with = 1
        self.publishes = [1]
        self.names: dict[int, str] = {}
        self.asked: list[Json] = []
        self.forms: list[Json] = []
        self._codes: dict[str, Json] = {}
        self._access: set[str] = set()
        base = urlsplit(issuer)
        self.base = f"{base.scheme}://{base.netloc}"
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/{directory:path}/.well-known/openid-configuration", self._discovery),
                Route("/auth", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._jwks),
                Route("/userinfo", self._userinfo),
            ]
        )

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.issuer).netloc

    async def visit(self, url: str) -> Json:
        """Let a browser go to the authorization address, and return the query with which it is sent back.

        `redirect_uri` is in it too, as the address that it is sent back to.
        """
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as browser:
            answer = await browser.get(url)
        assert answer.status_code == 302, answer.text
        target = urlsplit(answer.headers["location"])
        return {**dict(parse_qsl(target.query)), "redirect_uri": target._replace(query="").geturl()}

    def id_token(self, nonce: str | None) -> str:
        """A token about the person, as the switches have it."""
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 3600, "nonce": nonce}
        claims = {k: v for k, v in {**claims, **self.person, **self.says}.items() if v is not None}
        head = {"alg": "RS256", "typ": "JWT", "kid": self._name(self.signs_with), **self.header}
        head = {k: v for k, v in head.items() if v is not None}
        signed = f"{b64(orjson.dumps(head))}.{b64(orjson.dumps(claims))}"
        return f"{signed}.{b64(self._sign(signed.encode(), head['alg']))}"

    def _name(self, number: int) -> str:
        return self.names.get(number, f"key-{number}")

    def _sign(self, signed: bytes, algorithm: str) -> bytes:
        if algorithm == "none":
            return b""
        if algorithm.startswith("HS"):
            # What whoever takes a public key for a secret one would believe.
            return hashlib.sha256(signed + (self.secret or "").encode()).digest()
        return _private_key(self.signs_with).sign(signed, padding.PKCS1v15(), hashes.SHA256())

    async def _discovery(self, request: Request) -> Response:
        if failed := self._fails("discovery"):
            return failed
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/auth?fixed=1",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "userinfo_endpoint": f"{self.base}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
        return JSONResponse({k: v for k, v in {**document, **self.describes}.items() if v is not None})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        assert asked["fixed"] == "1"
        back = {"state": asked["state"]}
        if self.breaks_off is not None:
            back["error"] = self.breaks_off
        else:
            back["code"] = secrets.token_urlsafe(24)
            self._codes[back["code"]] = asked
        if self.names_issuer is not None:
            back["iss"] = self.names_issuer
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        if failed := self._fails("token"):
            return failed
        form = dict(parse_qsl((await request.body()).decode()))
        self.forms.append({**form, "authorization": request.headers.get("authorization")})
        if self._client(request, form) != (self.client_id, self.secret):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or b64(hashlib.sha256(verifier.encode()).digest()) != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant", "error_description": "not that code"}, 400)
        access = secrets.token_urlsafe(24)
        self._access.add(access)
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": 3600,
                "id_token": self.id_token(asked.get("nonce")),
            }
        )

    def _client(self, request: Request, form: Json) -> tuple[str, str | None]:
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return form.get("client_id", ""), form.get("client_secret")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return unquote(name), unquote(secret)

    async def _jwks(self, request: Request) -> Response:
        if failed := self._fails("jwks"):
            return failed
        keys = []
        for number in self.publishes:
            public = _private_key(number).public_key().public_numbers()
            keys.append(
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self._name(number),
                    "n": b64(public.n.to_bytes(256, "big")),
                    "e": b64(public.e.to_bytes(3, "big")),
                }
            )
        return JSONResponse({"keys": keys})

    async def _userinfo(self, request: Request) -> Response:
        if failed := self._fails("userinfo"):
            return failed
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse(
            self.person if token in self._access else {}, 200 if token in self._access else 401
        )

    def _fails(self, endpoint: str) -> Response | None:
        self.calls[endpoint] += 1
        if self.failures[endpoint] > 0:
            self.failures[endpoint] -= 1
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        if self.failures[endpoint] < 0:
            self.failures[endpoint] += 1
            raise httpx.ConnectError("hung up")
        return None


class Internet(httpx.AsyncBaseTransport):
    """Leads to providers by their host names, and nowhere else; `found` makes one of any other host."""

    def __init__(
        self, *providers: IdentityProvider, found: Callable[[str], IdentityProvider] | None = None
    ) -> None:
        self.providers = {provider.host: provider for provider in providers}
        self.found = found
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        self.requests.append(request)
        host = request.headers["host"]
        if self.found is not None and host not in self.providers:
            self.providers[host] = self.found(host)
        found = self.providers.get(host)
        if found is None:
            raise httpx.ConnectError("no such host", request=request)
        return await httpx.ASGITransport(found.app).handle_async_request(request)
