"""The errors every service may raise: each a fact with a status and a slug, rendered as a problem document.

A service raises the fact; `libs.common.http.problems` turns it into RFC 9457. The class docstring is what users
read in `docs/problems.md`.
"""

from typing import Any, ClassVar


class AppError(Exception):
    """Something the caller can understand went wrong."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str | None = None, *, headers: dict[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


class BadRequest(AppError):
    """The request cannot be read: its syntax, encoding or headers are broken."""

    status = 400
    slug = "bad-request"
    title = "The request cannot be read"


class TenantRequired(AppError):
    """The call acts on one business; name it with the `X-Company-Id` header or sign in as a member of one."""

    status = 400
    slug = "tenant-required"
    title = "Which business?"


class IdempotencyKeyRequired(AppError):
    """Calls that create money or orders need an `Idempotency-Key` header (1 to 255 printable characters)."""

    status = 400
    slug = "idempotency-key-required"
    title = "Idempotency-Key is required"


class Unauthenticated(AppError):
    """No valid credential came with the request; sign in and send `Authorization: Bearer <access token>`."""

    status = 401
    slug = "unauthenticated"
    title = "Sign in first"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class PermissionDenied(AppError):
    """The signed-in user lacks the permission named in `required_permission`."""

    status = 403
    slug = "permission-denied"
    title = "Not permitted"


class SecondFactorRequired(AppError):
    """The business asks for a second factor, and the sign-in was without one.

    Set an authenticator app up (POST /auth/mfa/totp, then /auth/mfa/totp/confirm); who has one signs in with `otp`, or
    shows a code to POST /auth/reauthenticate.
    """

    status = 403
    slug = "second-factor-required"
    title = "A second factor is required"


class SignInMethodNotAllowed(AppError):
    """The business does not take this way of signing in; sign in another way."""

    status = 403
    slug = "sign-in-method-not-allowed"
    title = "Sign in another way"


class ReauthenticationRequired(AppError):
    """This is risky, and the sign-in is too long ago. Show the password or a code: POST /auth/reauthenticate."""

    status = 403
    slug = "reauthentication-required"
    title = "Show once more who you are"

    def __init__(self) -> None:
        super().__init__("Show your password or a code once more: POST /api/v1/auth/reauthenticate.")


class AddressNotAllowed(AppError):
    """The business lets those in only who have addresses of its own domains."""

    status = 403
    slug = "address-not-allowed"
    title = "An address of another domain"


class TenantForbidden(AppError):
    """The business named is not one the caller belongs to or holds a grant for."""

    status = 403
    slug = "tenant-forbidden"
    title = "Not your business"


class TenantNotActive(AppError):
    """The business is not active (its registration awaits approval, or it is suspended), so it cannot trade."""

    status = 403
    slug = "tenant-not-active"
    title = "The business is not active"


class FeatureNotInPlan(AppError):
    """The plan of the business (`plan`) does not include the feature named in `feature`; `plans` have it."""

    status = 403
    slug = "feature-not-in-plan"
    title = "Not in the plan"


class NotFound(AppError):
    """There is no such thing, or it belongs to another business."""

    status = 404
    slug = "not-found"
    title = "Not found"


class MethodNotAllowed(AppError):
    """The path exists but does not take this method; `Allow` lists those it takes."""

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class Conflict(AppError):
    """The request contradicts the present state."""

    status = 409
    slug = "conflict"
    title = "Conflict"


class AlreadyExists(Conflict):
    """Something with the same unique value exists already."""

    slug = "already-exists"
    title = "Already exists"


class StillReferenced(Conflict):
    """Others refer to it, so it cannot be removed; or it refers to something that does not exist."""

    slug = "reference-conflict"
    title = "A reference does not allow this"


class InvalidTransition(Conflict):
    """The thing is in a state from which this step is not possible."""

    slug = "invalid-transition"
    title = "Not possible in this state"


class IdempotencyInProgress(Conflict):
    """The first request with this idempotency key is still running; try again shortly."""

    slug = "idempotency-in-progress"
    title = "Still running"


class PreconditionFailed(AppError):
    """It has none of the versions named in `If-Match`, so somebody changed it; read it again and repeat the change."""

    status = 412
    slug = "precondition-failed"
    title = "Changed meanwhile"


class PayloadTooLarge(AppError):
    """The body is larger than this service takes; `limit_bytes` says how large it may be."""

    status = 413
    slug = "payload-too-large"
    title = "Body too large"


class UnsupportedMediaType(AppError):
    """The body is of a type this call does not take; send `application/json`."""

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"


class ValidationFailed(AppError):
    """A field is missing, unknown, of the wrong type or out of range; `errors` names each by its place."""

    status = 422
    slug = "validation-failed"
    title = "The request is not valid"

    @classmethod
    def of(
        cls, field: str, message: str, kind: str = "value_error", *, place: str = "body"
    ) -> "ValidationFailed":
        """The problem of one field, in the form of those that a schema finds."""
        error = {"loc": [place, field], "msg": message, "type": kind}
        return cls("One or more fields are not valid.", errors=[error])


class InvalidCursor(ValidationFailed):
    """The cursor was not made by this list with these filters; start again without one."""

    slug = "invalid-cursor"
    title = "Invalid cursor"


class IdempotencyKeyReused(ValidationFailed):
    """The idempotency key was used before with another body; use a new key for a new request."""

    slug = "idempotency-key-reused"
    title = "Idempotency key used for another request"


class RateLimited(AppError):
    """Too many requests; wait for `Retry-After` seconds."""

    status = 429
    slug = "rate-limited"
    title = "Too many requests"


class PlanLimitReached(AppError):
    """The plan of the business (`plan`) gives no more of what `code` names: `used` of `limit`; `plans` give more."""

    status = 429
    slug = "plan-limit-reached"
    title = "Plan limit reached"


class UpstreamFailed(AppError):
    """A system this call depends on answered with something unusable."""

    status = 502
    slug = "upstream-failed"
    title = "A dependency failed"


class Unavailable(AppError):
    """A part this call needs is not available now; nothing was changed, try again after `Retry-After` seconds."""

    status = 503
    slug = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class Overloaded(Unavailable):
    """More requests came than can be answered soon; nothing was done, try again after `Retry-After` seconds."""

    slug = "overloaded"
    title = "Too busy now"

    def __init__(self, detail: str | None = None, *, retry_after: int = 1, **extra: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **extra)


class UpstreamTimeout(AppError):
    """A system this call depends on did not answer in time."""

    status = 504
    slug = "upstream-timeout"
    title = "A dependency did not answer in time"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)
