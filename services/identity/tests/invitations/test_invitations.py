"""Invitations over HTTP, from both sides."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.eventually import eventually
from libs.contracts.identity import InvitationSent, MemberAdded
from services.identity.invitations.jobs import expire_invitations
from services.identity.invitations.models import InvitationStatus
from services.identity.invitations.repository import InvitationRepository
from services.identity.invitations.tokens import read_token, token_of
from services.identity.tests.outsiders import PASSWORD, Platform, Registered

NEW = {"password": PASSWORD, "first_name": "Naledi", "last_name": "Zulu"}


class Inviting:
    """A business that invites, and the mails that go out."""

    def __init__(self, context: ServiceContext, platform: Platform, owner: Registered, boss: Client) -> None:
        self.context, self.platform, self.owner, self.boss = context, platform, owner, boss
        self.path = f"/tenants/{owner.company_id}/invitations"

    async def invite(self, email: str, **fields: Any) -> dict[str, Any]:
        """Invite somebody."""
        response = await self.boss.post(self.path, json={"email": email, "roles": ["editor"], **fields})
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def token(self, made: dict[str, Any]) -> str:
        """The token of the mail, as who sends it is told."""
        notifications = Client(self.context, system_actor("notifications"), app=self.boss.app)
        path = f"/internal/invitations/{made['id']}/reveal"
        response = await notifications.post(path, json={"email": made["email"].upper()})
        assert response.status_code == 200, response.text
        return str(response.json()["url"]).partition("token=")[2]

    async def accept(self, token: str, who: Client | None = None, **fields: Any) -> Any:
        """Answer an invitation."""
        return await (who or self.platform.anyone).post(
            "/invitations/accept", json={"token": token, **fields}
        )


async def inviting(context: ServiceContext, platform: Platform) -> Inviting:
    """A business that trades, and its owner."""
    owner = await platform.business()
    return Inviting(context, platform, owner, await platform.signed_in(owner.email))


async def test_who_has_no_account_makes_one_by_accepting(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    email = platform.email()
    made = await shop.invite(email.upper(), locale="ru")
    token = await shop.token(made)

    assert (made["email"], made["status"], made["roles"]) == (email, "pending", ["editor"])
    shown = await platform.post("/invitations/show", {"token": token})
    assert (shown.json()["company"]["name"], shown.json()["has_account"]) == ("Karoo Coffee", False)
    missing = await shop.accept(token)
    assert missing.status_code == 422
    assert {error["loc"][1] for error in missing.json()["errors"]} == {"password", "first_name"}
    assert (await shop.accept(token, password="password", first_name="N")).json()["slug"] == "weak-password"
    joined = await shop.accept(token, **NEW)
    assert joined.status_code == 200, joined.text
    assert joined.json()["company"]["id"] == str(shop.owner.company_id)
    person = await platform.signed_in(email)
    assert person.actor is not None
    assert (person.actor.tenant_id, person.actor.roles) == (shop.owner.company_id, ("editor",))
    again = await shop.accept(token, **NEW)
    assert (again.status_code, again.json()["slug"]) == (400, "invitation-invalid")
    assert (await shop.boss.get(f"{shop.path}/{made['id']}")).json()["status"] == "accepted"
    added = await emitted(context, shop.owner.company_id, MemberAdded)
    assert added[-1].data["email"] == email


async def test_who_has_an_account_signs_in_first(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    other, stranger = await platform.business(), await platform.business()
    made = await shop.invite(other.email)
    token = await shop.token(made)

    assert (await platform.post("/invitations/show", {"token": token})).json()["has_account"] is True
    anonymous = await shop.accept(token, **NEW)
    assert (anonymous.status_code, anonymous.json()["slug"]) == (401, "sign-in-to-accept")
    wrong = await shop.accept(token, await platform.signed_in(stranger.email))
    assert (wrong.status_code, wrong.json()["slug"]) == (403, "invitation-of-another")
    right = await platform.signed_in(other.email)
    assert (await shop.accept(token, right)).status_code == 200
    # A member of two businesses now, and at home in the first.
    assert (await platform.signed_in(other.email)).actor.tenant_id == other.company_id  # type: ignore[union-attr]
    here = await platform.signed_in(other.email, company_id=str(shop.owner.company_id))
    assert here.actor is not None
    assert here.actor.roles == ("editor",)
    refused = await shop.boss.post(shop.path, json={"email": other.email, "roles": ["editor"]})
    assert refused.json()["slug"] == "already-member"


async def test_of_several_who_accept_at_once_one_does(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    token = await shop.token(await shop.invite(platform.email()))

    answers = await asyncio.gather(*(shop.accept(token, **NEW) for _ in range(5)))

    assert sorted(a.status_code for a in answers)[0] == 200
    assert sum(a.status_code == 200 for a in answers) == 1
    assert {a.json()["slug"] for a in answers if a.status_code != 200} <= {
        "invitation-invalid",
        "sign-in-to-accept",
        "email-taken",
    }


async def test_one_withdrawn_while_it_is_accepted_makes_nobody_a_member(
    context: ServiceContext, platform: Platform
) -> None:
    shop, other = await inviting(context, platform), await platform.register()
    made = await shop.invite(other.email)
    token, invited = await shop.token(made), await platform.signed_in(other.email)

    async def is_waiting() -> bool:
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with context.unit_of_work(platform=True) as uow:
            return await uow.session.scalar(text(waiting)) is not None

    async with context.unit_of_work(platform=True) as uow:
        row = await InvitationRepository(uow).get(UUID(made["id"]), lock=True)
        assert row is not None
        row.status = InvitationStatus.REVOKED
        await uow.flush()
        accepting = asyncio.create_task(shop.accept(token, invited))
        await eventually(is_waiting)

    assert (await accepting).json()["slug"] == "invitation-invalid"


async def test_a_mail_sent_again_takes_the_place_of_the_one_before(
    context: ServiceContext, platform: Platform
) -> None:
    shop = await inviting(context, platform)
    made = await shop.invite(platform.email())
    first = await shop.token(made)

    twice = await shop.boss.post(shop.path, json={"email": made["email"], "roles": ["editor"]})
    assert (twice.status_code, twice.json()["slug"]) == (409, "already-invited")
    assert (await shop.boss.post(f"{shop.path}/{made['id']}/resend")).status_code == 200
    second = await shop.token(made)
    assert first != second
    assert (await shop.accept(first, **NEW)).json()["slug"] == "invitation-invalid"
    assert (await shop.accept(second, **NEW)).status_code == 200
    resent = await shop.boss.post(f"{shop.path}/{made['id']}/resend")
    assert (resent.status_code, resent.json()["slug"]) == (409, "invalid-transition")
    assert (await shop.boss.post(f"{shop.path}/{made['id']}/revoke")).status_code == 409


async def test_a_revoked_one_is_good_no_more(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    made = await shop.invite(platform.email())
    token = await shop.token(made)

    for _ in range(2):
        revoked = await shop.boss.post(f"{shop.path}/{made['id']}/revoke")
        assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert (await shop.accept(token, **NEW)).status_code == 400
    notifications = Client(context, system_actor("notifications"), app=shop.boss.app)
    late = await notifications.post(
        f"/internal/invitations/{made['id']}/reveal", json={"email": made["email"]}
    )
    assert late.status_code == 404
    # The address may be invited anew.
    assert (await shop.invite(made["email"]))["id"] != made["id"]


async def test_an_invitation_expires(later: Any, future: Any) -> None:
    shop = await inviting(later, future)
    made = await shop.invite(future.email())
    token = await shop.token(made)

    later.clock.advance(seconds=8 * 86400)

    assert (await shop.accept(token, **NEW)).status_code == 400
    assert (await shop.boss.get(f"{shop.path}/{made['id']}")).json()["status"] == "expired"
    async with later.unit_of_work(platform=True) as uow:
        await expire_invitations(uow, {})
    listed = (await shop.boss.get(shop.path, params={"status": "expired"})).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert (await shop.boss.post(f"{shop.path}/{made['id']}/resend")).json()["status"] == "pending"
    assert (await shop.accept(await shop.token(made), **NEW)).status_code == 200


async def test_nobody_invites_into_what_he_lacks(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    clerk = shop.boss.acting(
        user(shop.owner.company_id, "identity.invitations.*", "catalog.*", roles=("manager",))
    )
    reader = shop.boss.acting(user(shop.owner.company_id, "identity.invitations.read"))
    body = {"email": platform.email(), "roles": ["owner"]}

    assert (await clerk.post(shop.path, json=body)).status_code == 403
    assert (await clerk.post(shop.path, json={**body, "roles": ["superadmin"]})).json()[
        "slug"
    ] == "unknown-role"
    assert (await reader.get(shop.path)).status_code == 200
    assert (await reader.post(shop.path, json=body)).json()[
        "required_permission"
    ] == "identity.invitations.write"
    assert (await Client(context, guest(), app=shop.boss.app).get(shop.path)).status_code == 401
    other = await platform.business()
    rival = await platform.signed_in(other.email)
    assert (await rival.get(shop.path)).status_code == 404
    made = await shop.invite(platform.email())
    assert (await rival.post(f"{shop.path}/{made['id']}/revoke")).status_code == 404
    pending = await platform.register()
    waiting = await platform.signed_in(pending.email)
    early = await waiting.post(f"/tenants/{pending.company_id}/invitations", json=body)
    assert early.json()["slug"] == "tenant-not-active"


async def test_what_makes_no_sense_is_refused(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)

    for body in (
        {"email": "nobody", "roles": ["editor"]},
        {"email": platform.email(), "roles": []},
        {"email": platform.email()},
        {"email": platform.email(), "roles": ["editor"], "surprise": 1},
        {"email": platform.email(), "roles": ["editor"], "department_id": "x"},
    ):
        assert (await shop.boss.post(shop.path, json=body)).status_code == 422, body
    lost = {"email": platform.email(), "roles": ["editor"], "department_id": str(new_id())}
    assert (await shop.boss.post(shop.path, json=lost)).status_code == 404
    token = token_of(context.keyring, new_id(), 1)
    for wrong in (token, "x", token[:-1], token + "A", "ä" * 68, token.swapcase()):
        assert (await shop.accept(wrong, **NEW)).status_code == 400, wrong


async def test_no_token_lies_readable_anywhere(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    made = await shop.invite(platform.email())
    token = await shop.token(made)

    (sent,) = await emitted(context, shop.owner.company_id, InvitationSent)
    everything = [str(e.data) for e in await emitted(context, shop.owner.company_id)]
    assert sent.data["email"] == made["email"]
    assert not [text for text in everything if token in text]
    assert token not in (await shop.boss.get(f"{shop.path}/{made['id']}")).text
    assert read_token(context.keyring, token) is not None
    refused = await shop.boss.post(
        f"/internal/invitations/{made['id']}/reveal", json={"email": made["email"]}
    )
    assert refused.status_code == 403
    notifications = Client(context, system_actor("notifications"), app=shop.boss.app)
    wrong = await notifications.post(
        f"/internal/invitations/{made['id']}/reveal", json={"email": platform.email()}
    )
    assert wrong.status_code == 404


async def test_inviting_again_and_accepting_do_not_wait_for_each_other(
    context: ServiceContext, platform: Platform
) -> None:
    shop = await inviting(context, platform)
    assert (await shop.boss.post("/subscription/change", json={"plan": "starter"})).status_code == 200
    shop.boss = await platform.signed_in(shop.owner.email)
    made = [await shop.invite(platform.email()) for _ in range(4)]
    tokens = [await shop.token(one) for one in made]

    answers = await asyncio.gather(
        *(shop.accept(token, **NEW) for token in tokens),
        *(shop.boss.post(shop.path, json={"email": one["email"], "roles": ["editor"]}) for one in made * 2),
    )

    assert [a.status_code for a in answers] == [200] * 4 + [409] * 8, [a.text for a in answers]


async def test_an_address_is_invited_once_however_many_ask(
    context: ServiceContext, platform: Platform
) -> None:
    shop = await inviting(context, platform)
    body = {"email": platform.email(), "roles": ["editor"]}

    answers = await asyncio.gather(*(shop.boss.post(shop.path, json=body) for _ in range(5)))

    assert sorted(a.json().get("slug", "") for a in answers) == [""] + ["already-invited"] * 4
    assert len((await shop.boss.get(shop.path)).json()["items"]) == 1


async def test_who_is_invited_takes_a_place_of_the_plan(context: ServiceContext, platform: Platform) -> None:
    shop = await inviting(context, platform)
    chosen = await shop.boss.post("/subscription/change", json={"plan": "free", "when": "now"})
    assert chosen.status_code == 200
    boss = shop.boss = await platform.signed_in(shop.owner.email)

    tokens = [await shop.token(await shop.invite(platform.email())) for _ in range(2)]
    full = await boss.post(shop.path, json={"email": platform.email(), "roles": ["editor"]})
    assert (full.status_code, full.json()["code"], full.json()["limit"]) == (429, "identity.members", 3)
    assert (await shop.accept(tokens[0], **NEW)).status_code == 200
    # The plan became smaller meanwhile: whoever is there stays, and nobody joins.
    staff = Client(context, user(shop.owner.company_id, "identity.*"), app=boss.app)
    plan = {"code": f"p{new_id().hex}", "name": "Two", "limits": {"identity.members": 2}}
    assert (await staff.post("/plans", json=plan)).status_code == 201
    await boss.post("/subscription/change", json={"plan": plan["code"], "when": "now"})
    late = await shop.accept(tokens[1], **NEW)
    assert (late.status_code, late.json()["slug"]) == (429, "plan-limit-reached")
    members = await boss.get(f"/tenants/{shop.owner.company_id}/members")
    assert len(members.json()["items"]) == 2
