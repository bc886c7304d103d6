"""A simulator of FCM HTTP v1 and of Google's token endpoint: the same paths, bodies and errors, as an ASGI app.

The beginning of a device token decides: `gone`, `mismatch`, `invalid`, `quota`, `busy`, `flap` (fails twice, then
succeeds); any other is delivered.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import JWTError, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.common.clock import Clock

BASE_URL = "http://fcm-simulator"
PROJECT = "pillars-simulator"
EMAIL = f"push@{PROJECT}.iam.gserviceaccount.com"
# Google's libraries name this audience whatever the token address is.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_SECONDS = 3600
MAX_PAYLOAD = 4096

_ERRORS: dict[str, tuple[int, str, str, str]] = {
    "gone": (404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    "mismatch": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    "invalid": (
        400,
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded."),
    "busy": (503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
    "flap": (500, "INTERNAL", "INTERNAL", "Internal error encountered."),
}
_FLAPS = 2

Record = Callable[[dict[str, Any]], Awaitable[None]]


class FcmSimulator:
    """The app, and the service account that it accepts. `record` is given each message that is delivered."""

    def __init__(self, clock: Clock, record: Record) -> None:
        self._clock = clock
        self._record = record
        self._key: rsa.RSAPrivateKey | None = None
        self._tokens: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self.hits = 0
        self.app = Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"]),
            ]
        )

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """The key of the service account, made when first needed."""
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._key

    def account(self) -> str:
        """The JSON of the service account."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return orjson.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "simulator",
                "private_key": pem.decode(),
                "client_email": EMAIL,
                "token_uri": f"{BASE_URL}/token",
            }
        ).decode()

    def expire_tokens(self) -> None:
        """Refuse all access tokens given out so far."""
        self._tokens.clear()

    async def _token(self, request: Request) -> JSONResponse:
        form = await request.form()
        if form.get("grant_type") != GRANT:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            claims = jwt.decode(
                str(form.get("assertion", "")),
                public.decode(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=EMAIL,
            )
        except JWTError as error:
            return JSONResponse({"error": "invalid_grant", "error_description": str(error)}, 400)
        if claims["exp"] - claims["iat"] > 3600 or "firebase" not in claims.get("scope", ""):
            return JSONResponse({"error": "invalid_scope"}, 400)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self._clock.now().timestamp() + TOKEN_SECONDS
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def _send(self, request: Request) -> JSONResponse:
        self.hits += 1
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or self._tokens.get(token, 0) < self._clock.now().timestamp():
            return _error(401, "UNAUTHENTICATED", None, "Request had invalid authentication credentials.")
        if request.path_params["project"] != PROJECT:
            return _error(403, "PERMISSION_DENIED", None, "Permission denied on resource project.")
        raw = await request.body()
        message, complaint = _message(raw)
        if message is None:
            return _error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", complaint)
        outcome = str(message.get("token", "")).partition("-")[0]
        if outcome == "flap":
            self._failures[message["token"]] = self._failures.get(message["token"], 0) + 1
            if self._failures[message["token"]] > _FLAPS:
                outcome = ""
        if outcome in _ERRORS:
            return _error(*_ERRORS[outcome])
        await self._record(message)
        return JSONResponse({"name": f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"})


def _message(raw: bytes) -> tuple[dict[str, Any] | None, str]:
    """The message of a request body, or what is wrong with it."""
    try:
        message = orjson.loads(raw)["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None, "Invalid JSON payload received."
    if not isinstance(message, dict):
        return None, "Invalid JSON payload received."
    if sum(name in message for name in ("token", "topic", "condition", "fid")) != 1:
        return None, "Exactly one of token, topic, condition or fid must be set."
    if not all(isinstance(value, str) for value in message.get("data", {}).values()):
        return None, "Invalid value at 'message.data'."
    payload = {"notification": message.get("notification"), "data": message.get("data")}
    if len(orjson.dumps(payload)) > MAX_PAYLOAD:
        return None, "Message payload is too large."
    return message, ""


def _error(code: int, status: str, error_code: str | None, message: str) -> JSONResponse:
    error: dict[str, Any] = {"code": code, "status": status, "message": message}
    if error_code:
        error["details"] = [
            {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": error_code}
        ]
    return JSONResponse({"error": error}, code)
