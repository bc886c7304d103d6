"""Mails by rules: the transactional send of the notifications service, as the owner of the rule."""

from typing import Any

from libs.common.actor import Actor
from libs.common.runtime.context import ServiceContext

_PATIENCE_SECONDS = 10.0


async def send_email(
    context: ServiceContext, actor: Actor, key: str, planned: dict[str, Any]
) -> dict[str, Any]:
    """Send a mail; the same key sends it once, however often this is called. No transaction is open meanwhile.

    Raises:
        UpstreamProblem: it was refused, or the quota of the month is used up.
        Unavailable, UpstreamTimeout: whether it was sent is not known; call again with the same key.
    """
    answer = await context.upstreams.call(
        "notifications",
        "POST",
        "/messages",
        actor=actor,
        json={
            "to_email": planned["to"],
            "channel": "email",
            "subject": planned["subject"],
            "text": planned["text"],
        },
        headers={"Idempotency-Key": key},
        safe=True,
        timeout=_PATIENCE_SECONDS,
    )
    return {"delivery_ids": [one["id"] for one in answer["deliveries"]]}
