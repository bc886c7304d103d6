"""Registering passkeys and signing in with them. A challenge is taken away before anything of its answer is looked at."""

import hashlib
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.contracts.audit import change_recorded
from services.identity.auth.admission import Admission, Started
from services.identity.auth.caller import Caller
from services.identity.auth.factor import FirstFactor
from services.identity.auth.own import own_user_id
from services.identity.auth.schemas import TokensOut
from services.identity.passkeys import webauthn
from services.identity.passkeys.errors import (
    ChallengeExpired,
    PasskeyNotRegistered,
    PasskeyRefused,
    TooManyPasskeys,
)
from services.identity.passkeys.models import Ceremony, Passkey, PasskeyChallenge
from services.identity.passkeys.relying_party import RelyingParty, party_of, relying_party
from services.identity.passkeys.repository import ChallengeRepository, PasskeyRepository
from services.identity.passkeys.schemas import LoginIn, RegistrationIn
from services.identity.sessions.service import SessionService
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

log = logging.getLogger("pillars.identity")

MOST = 20
_LIFE = timedelta(minutes=5)


class Passkeys:
    """The ceremonies of one caller at one host."""

    def __init__(self, caller: Caller, host: str) -> None:
        self.caller = caller
        self.host = host
        self.admission = Admission(caller)

    async def registration_options(self, actor: Actor) -> dict[str, Any]:
        """What a device needs to make a passkey for the caller.

        Raises:
            TooManyPasskeys: there are as many as may be.
        """
        user_id = own_user_id(actor)
        async with self.caller.unit_of_work() as uow:
            user = await _user(uow, user_id)
            party = await relying_party(uow, self.host)
            await _check_room(uow, user_id)
            known = await PasskeyRepository(uow).of(user_id, party.id)
            handle = known[0].user_handle if known else webauthn.new_handle()
            challenge = await self._challenge(
                uow, Ceremony.REGISTER, party, user_id=user_id, user_handle=handle
            )
        return webauthn.registration_options(party, challenge, handle, user.email, user.name, known)

    async def register(self, actor: Actor, body: RegistrationIn) -> Passkey:
        """Keep the public half of the key that a device has made.

        Raises:
            ChallengeExpired, PasskeyNotRegistered, PasskeyKnown, TooManyPasskeys.
        """
        user_id = own_user_id(actor)
        challenge, origin = _asked(body.credential.response.clientDataJSON)
        async with self.caller.unit_of_work() as uow:
            waiting = await ChallengeRepository(uow).take(webauthn.hash_of(challenge), Ceremony.REGISTER)
            party = await party_of(uow, waiting.rp_id) if waiting is not None else None
        if waiting is None or party is None or waiting.user_id != user_id or waiting.user_handle is None:
            raise ChallengeExpired
        try:
            made = webauthn.check_registration(body.credential.model_dump(), challenge, party, origin)
        except webauthn.Refused as error:
            raise PasskeyNotRegistered(f"The answer does not hold: {error}.") from error
        async with self.caller.unit_of_work() as uow:
            user = await _user(uow, user_id, lock=True)
            # Under the lock, for whoever takes the account over ends the session under it too.
            await SessionService(uow).live(actor.session_id)
            await _check_room(uow, user_id)
            row = await PasskeyRepository(uow).add(
                Passkey(
                    user_id=user_id,
                    name=body.name or _default_name(self.caller.user_agent),
                    rp_id=party.id,
                    credential_id=made.credential_id,
                    public_key=made.public_key,
                    user_handle=waiting.user_handle,
                    sign_count=made.sign_count,
                    transports=webauthn.transports_of(body.credential.response.transports),
                    device_type=made.device_type,
                    is_backed_up=made.is_backed_up,
                    aaguid=made.aaguid,
                )
            )
            _record(uow, user, "created", row.id, {"name": row.name, "rp_id": row.rp_id})
        return row

    async def login_options(self, name: str | None) -> dict[str, Any]:
        """What a device needs to sign somebody in. Nobody is looked up, so it tells nothing of anybody."""
        async with self.caller.unit_of_work() as uow:
            party = await relying_party(uow, self.host)
            challenge = await self._challenge(uow, Ceremony.LOGIN, party, name_hash=_name_hash(name))
        return webauthn.login_options(party, challenge)

    async def login(self, body: LoginIn) -> TokensOut:
        """Start a session for whose passkey this is.

        Raises:
            ChallengeExpired: it was answered before, or too late.
            PasskeyRefused: anything else.
        """
        challenge, origin = _asked(body.credential.response.clientDataJSON)
        async with self.caller.unit_of_work() as uow:
            waiting = await ChallengeRepository(uow).take(webauthn.hash_of(challenge), Ceremony.LOGIN)
            party = await party_of(uow, waiting.rp_id) if waiting is not None else None
            key = await PasskeyRepository(uow).by_credential(_bytes(body.credential.id))
        if waiting is None:
            raise ChallengeExpired
        if party is None or key is None or key.rp_id != party.id:
            raise PasskeyRefused
        try:
            use = webauthn.check_login(body.credential.model_dump(), challenge, party, origin, key)
        except webauthn.Refused as error:
            log.info("a passkey was refused: %s", error)
            raise PasskeyRefused from error
        handle = body.credential.response.userHandle
        if handle and _bytes(handle) != key.user_handle:
            raise PasskeyRefused
        async with self.caller.unit_of_work() as uow:
            started = await self._start(uow, key.id, waiting, use, is_remembered=body.remember)
        if started is None:
            # A counter that went back is written down by now, although the request ends in an error.
            raise PasskeyRefused
        return await self.admission.tokens(started.user, started.session, started.refresh)

    async def _start(
        self,
        uow: UnitOfWork,
        key_id: UUID,
        waiting: PasskeyChallenge,
        use: webauthn.Use,
        *,
        is_remembered: bool,
    ) -> Started | None:
        key = await PasskeyRepository(uow).get(key_id, lock=True)
        user = await UserRepository(uow).get(key.user_id, lock=True) if key is not None else None
        if key is None or user is None or not user.is_active:
            return None
        if waiting.name_hash is not None and waiting.name_hash != _name_hash(user.email):
            return None
        if max(use.sign_count, key.sign_count) > 0 and use.sign_count <= key.sign_count:
            # Two devices have the key: one of them was copied (WebAuthn level 3, section 6.1.1).
            counts = {"counter": use.sign_count, "counter_before": key.sign_count}
            _record(uow, user, "counter_went_back", key.id, counts)
            return None
        key.sign_count, key.is_backed_up, key.last_used_at = use.sign_count, use.is_backed_up, uow.now
        # RFC 8176: a key of hardware, or one that its maker copies. The device has verified the person, so it is two factors.
        kind = "hwk" if key.device_type == "single_device" else "swk"
        first = FirstFactor(user.id, (kind, "user"), is_multi_factor=True, is_remembered=is_remembered)
        return await self.admission.start(uow, user, first)

    async def _challenge(
        self, uow: UnitOfWork, ceremony: Ceremony, party: RelyingParty, **fields: Any
    ) -> bytes:
        challenge = webauthn.new_challenge()
        await ChallengeRepository(uow).add(
            PasskeyChallenge(
                challenge_hash=webauthn.hash_of(challenge),
                ceremony=ceremony,
                rp_id=party.id,
                created_at=uow.now,
                expires_at=uow.now + _LIFE,
                **fields,
            )
        )
        return challenge


async def _user(uow: UnitOfWork, user_id: UUID, *, lock: bool = False) -> User:
    user = await UserRepository(uow).get(user_id, lock=lock)
    if user is None:
        raise NotFound("The account is gone.", resource="user")
    return user


async def _check_room(uow: UnitOfWork, user_id: UUID) -> None:
    if await PasskeyRepository(uow).count(user_id) >= MOST:
        raise TooManyPasskeys(MOST)


def _record(uow: UnitOfWork, user: User, action: str, key_id: UUID, after: dict[str, Any]) -> None:
    event = change_recorded("identity", action, "passkey", key_id, None, after)
    uow.emit(event, tenant_id=user.home_tenant_id or OPERATOR_TENANT_ID)


def _asked(client_data_json: str) -> tuple[bytes, str]:
    try:
        return webauthn.asked(client_data_json)
    except webauthn.Refused:
        raise ChallengeExpired from None


def _bytes(text: str) -> bytes:
    try:
        return webauthn.decode(text)
    except webauthn.Refused:
        raise PasskeyRefused from None


def _name_hash(name: str | None) -> bytes | None:
    return hashlib.sha256(name.strip().lower().encode()).digest() if name else None


def _default_name(user_agent: str | None) -> str:
    for mark, name in (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Mac OS", "Mac"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ):
        if user_agent and mark in user_agent:
            return name
    return "Passkey"
