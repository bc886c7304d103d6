"""What reaches people by mail."""

import re
from typing import Any

from deploy.e2e.conftest import Shop, Suite
from libs.common.testing.eventually import eventually


async def mailed_token(suite: Suite, shop: Shop, to: str, subject: str, *, mails: int = 1) -> str:
    """The token in the newest of so many mails to an address with this subject, as the operator's staff see it."""
    async with suite.client(**shop.staff) as staff:

        async def found() -> Any:
            page = await staff.get("/mailbox", params={"to": to, "subject": subject})
            assert page.status_code == 200, page.text
            items = page.json()["items"]
            return items if len(items) >= mails else None

        newest = (await eventually(found, 30))[0]
        mail = (await staff.get(f"/mailbox/{newest['id']}")).json()
    link = re.search(r"https?://\S+#token=([\w-]+)", mail["text"])
    assert link is not None, mail["text"]
    assert link.group().startswith(f"{suite.url}/")
    assert link.group(1) in mail["html"]
    return link.group(1)
