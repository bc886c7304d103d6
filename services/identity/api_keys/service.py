"""The rules of API keys and personal tokens."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.locks import one_at_a_time
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, ValidationFailed
from libs.common.filters import ListQuery
from libs.common.permissions import ALL
from libs.common.resource import ResourceService
from libs.contracts.audit import change_recorded
from libs.contracts.identity import AccessChanged
from services.identity.api_keys.errors import TooManyKeys
from services.identity.api_keys.models import ApiKey
from services.identity.api_keys.repository import ApiKeyRepository, PersonalTokenRepository
from services.identity.api_keys.schemas import ApiKeyCreate, TokenIn
from services.identity.api_keys.secrets import Mark, NewSecret, hash_of, new_secret
from services.identity.auth.errors import ActingAsAnother
from services.identity.roles.granting import require_all
from services.identity.roles.vocabulary import Vocabulary
from services.identity.users.models import User

_MOST_KEYS, _MOST_TOKENS = 200, 50


class ApiKeyService(ResourceService[ApiKey]):
    """The keys of the business acted in. A key opens nothing that its maker lacked."""

    repository = ApiKeyRepository
    noun = "api_key"
    secret_fields = frozenset({"token_hash", "previous_hash"})

    async def make(self, body: ApiKeyCreate) -> tuple[ApiKey, str]:
        """A new key and its secret.

        Raises:
            PermissionDenied: a scope is more than the caller may.
            TooManyKeys: there are too many.
            UnknownPermission: there is no such scope.
        """
        if self.uow.actor.acting_user_id is not None:
            # A key would outlive the quarter of an hour.
            raise ActingAsAnother
        await self._check_known(body)
        rows = ApiKeyRepository(self.uow)
        await one_at_a_time(self.uow, f"api_keys:{self.uow.tenant_id}")
        if await rows.count() >= _MOST_KEYS:
            raise TooManyKeys(_MOST_KEYS)
        made = new_secret(Mark.KEY)
        values = await self.prepare(body.model_dump(), None)
        row = await rows.add(
            ApiKey(**values, prefix=made.prefix, token_hash=made.hash, created_by_id=self.uow.actor.user_id)
        )
        self._record("created", row, None)
        self.uow.tag(row.version)
        return row, made.secret

    async def prepare(self, values: dict[str, Any], row: ApiKey | None) -> dict[str, Any]:
        """Let neither more be opened than the caller may, nor anything begin that is over."""
        if "scopes" in values:
            wanted = sorted(set(values["scopes"]))
            # To take a scope away nobody needs to hold it: a key may always be made to open less.
            require_all(self.uow.actor, set(wanted) - set(row.scopes if row else ()))
            values = {**values, "scopes": wanted}
        _check_expiry(values.get("expires_at"), self.uow.now)
        return values

    async def update(self, row_id: UUID, body: BaseModel) -> ApiKey:
        """Change a key; gateways hear of it.

        Raises:
            UnknownPermission: there is no such scope.
        """
        await self._check_known(body)
        row = await super().update(row_id, body)
        self.uow.emit(AccessChanged.of(key_id=row.id))
        return row

    async def _check_known(self, body: BaseModel) -> None:
        await Vocabulary.of(self.uow.context).require_known(getattr(body, "scopes", None) or ())

    async def before_delete(self, row: ApiKey) -> None:
        """Let gateways hear that a key is revoked."""
        self.uow.emit(AccessChanged.of(key_id=row.id))

    async def rotate(self, row_id: UUID, overlap_seconds: int) -> tuple[ApiKey, str]:
        """Give a key a new secret; the one of now works for a while longer, and the one before it no more."""
        row = await self.get(row_id, lock=True)
        self.check_version(row)
        if self.uow.actor.acting_user_id is not None:
            raise ActingAsAnother
        # Who can make the key a new secret can use it, so he must hold what it opens.
        require_all(self.uow.actor, row.scopes)
        made = new_secret(Mark.KEY)
        now = self.uow.now
        row.previous_hash, row.previous_expires_at = None, None
        if overlap_seconds:
            row.previous_hash = row.token_hash
            row.previous_expires_at = now + timedelta(seconds=overlap_seconds)
        before = {"prefix": row.prefix}
        row.prefix, row.token_hash, row.rotated_at = made.prefix, made.hash, now
        await self.rows.save(row)
        self.uow.tag(row.version)
        after = {"prefix": row.prefix, "overlap_seconds": overlap_seconds}
        self.uow.audit("rotated", self.noun, row.id, before=before, after=after)
        self.uow.emit(AccessChanged.of(key_id=row.id))
        return row, made.secret


class PersonalTokenService:
    """Personal tokens, in the platform scope: a person belongs to several businesses."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def make(self, user: User, body: TokenIn) -> tuple[ApiKey, str]:
        """A new token of a person who has just shown the password.

        It opens no more than the person may at the moment of each request, so scopes need no check here.

        Raises:
            TooManyKeys: there are too many.
        """
        _check_expiry(body.expires_at, self.uow.now)
        rows = PersonalTokenRepository(self.uow).of(user.id)
        if await rows.count() >= _MOST_TOKENS:
            raise TooManyKeys(_MOST_TOKENS)
        made: NewSecret = new_secret(Mark.PERSONAL)
        scopes = [ALL] if ALL in body.scopes else sorted(set(body.scopes))
        row = await rows.add(
            ApiKey(
                tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID,
                user_id=user.id,
                created_by_id=user.id,
                name=body.name,
                scopes=scopes,
                expires_at=body.expires_at,
                prefix=made.prefix,
                token_hash=made.hash,
            )
        )
        self._record("created", row, {"name": row.name, "prefix": row.prefix, "scopes": scopes})
        return row, made.secret

    async def list(self, user_id: UUID, query: ListQuery) -> dict[str, Any]:
        """One page of a person's tokens."""
        rows, cursor = await PersonalTokenRepository(self.uow).of(user_id).page(query)
        return {"items": rows, "next_cursor": cursor}

    async def revoke(self, user_id: UUID, token_id: UUID) -> None:
        """Revoke one of a person's tokens.

        Raises:
            NotFound: the person has no such token.
        """
        row = await PersonalTokenRepository(self.uow).of(user_id).get(token_id, lock=True)
        if row is None:
            raise NotFound("There is no such token.", resource="token")
        await self._revoke(row)

    async def revoke_secret(self, secret: str) -> None:
        """Revoke a personal token by its secret, if it is one."""
        row = await ApiKeyRepository(self.uow).by_secret(hash_of(secret), lock=True)
        if row is not None and row.user_id is not None:
            await self._revoke(row)

    async def revoke_all(self, user_id: UUID) -> None:
        """Revoke all tokens of a person."""
        rows = PersonalTokenRepository(self.uow).of(user_id)
        for row in await rows.find_all(limit=_MOST_TOKENS):
            await self._revoke(row)

    async def _revoke(self, row: ApiKey) -> None:
        await ApiKeyRepository(self.uow).delete(row)
        self.uow.emit(AccessChanged.of(key_id=row.id), tenant_id=row.tenant_id)
        self._record("revoked", row, None)

    def _record(self, action: str, row: ApiKey, after: dict[str, Any] | None) -> None:
        event = change_recorded("identity", action, "personal_token", row.id, None, after)
        self.uow.emit(event, tenant_id=row.tenant_id)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise ValidationFailed.of("expires_at", "must be in the future", "past")
