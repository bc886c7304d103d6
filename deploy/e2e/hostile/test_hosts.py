"""Whatever host a client names, what we write leads to the one in our settings."""

import re
from urllib.parse import urlsplit

import pytest

from deploy.e2e.conftest import Suite
from deploy.e2e.hostile.conftest import EVIL, Spoofed
from libs.common.testing.eventually import eventually

pytestmark = pytest.mark.xdist_group("hostile shops")

_ADDRESS = re.compile(r"https?://[^\s\"'<>)]+")


async def test_links_in_mails_lead_to_our_own_host_whatever_host_was_named(
    suite: Suite, spoofed: Spoofed
) -> None:
    story = spoofed.story
    async with suite.client(**story.staff) as client:

        async def mails(name: str) -> list[dict[str, str]]:
            page = await client.get("/mailbox", params={"to": f"{name}-{story.run}@example.com"})
            found = [await client.get(f"/mailbox/{row['id']}") for row in page.json()["items"]]
            return [mail.json() for mail in found]

        async def linked(name: str) -> list[dict[str, str]]:
            found = await mails(name)
            return found if any(_ADDRESS.search(mail["text"]) for mail in found) else []

        for name in ("owner", "client"):
            for mail in await eventually(lambda name=name: linked(name), 30):
                text = f"{mail['subject']} {mail['sender']} {mail['text']} {mail['html']}"
                # The name of the goods, which has this host in it, is not what the request said.
                assert EVIL not in text.replace("http://evil.example", "")
                for address in _ADDRESS.findall(mail["text"]):
                    if not address.startswith("http://evil.example"):
                        assert urlsplit(address).netloc == urlsplit(suite.url).netloc, mail


async def test_no_answer_repeats_the_host_that_was_named(spoofed: Spoofed) -> None:
    assert len(spoofed.answers) > 30
    for answer in spoofed.answers:
        assert EVIL not in answer.replace('HYPERLINK(\\"http://evil.example', ""), answer
        assert "gopher" not in answer
