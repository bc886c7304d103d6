"""Being invited as people are: by a mail whose link is good once."""

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.mails import mailed_token
from libs.common.ids import new_id


async def test_an_invitation_comes_by_mail_and_its_link_makes_a_member(suite: Suite, shop: Shop) -> None:
    email, password = f"naledi-{new_id().hex}@example.com", "Evening-walk-88"
    path = f"/tenants/{shop.company}/invitations"
    async with suite.client() as guest, suite.client(**shop.owner) as owner:
        body = {"email": email, "roles": ["manager"]}
        made = await owner.post(path, json=body)
        assert made.status_code == 201, made.text
        first = await mailed_token(suite, shop, email, "invites you")
        assert (await owner.post(f"{path}/{made.json()['id']}/resend")).status_code == 200
        second = await mailed_token(suite, shop, email, "invites you", mails=2)

        new = {"password": password, "first_name": "Naledi", "last_name": "Zulu"}
        old = await guest.post("/invitations/accept", json={"token": first, **new})
        assert old.json()["slug"] == "invitation-invalid"
        shown = (await guest.post("/invitations/show", json={"token": second})).json()
        assert (shown["company"]["id"], shown["email"], shown["has_account"]) == (shop.company, email, False)
        joined = await guest.post("/invitations/accept", json={"token": second, **new})
        assert joined.status_code == 200, joined.text
        tokens = (await guest.post("/auth/login", json={"email": email, "password": password})).json()
        headers = {"Authorization": f"Bearer {tokens['access']}"}
        assert (await guest.get("/deals", headers=headers)).status_code == 200
        again = await guest.post("/invitations/accept", json={"token": second, **new})
        assert again.json()["slug"] == "invitation-invalid"
