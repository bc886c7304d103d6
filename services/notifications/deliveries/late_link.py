"""Links that open something: a delivery is kept with a mark in their place, and they are put in as the mail leaves.

So they lie in no row, event or job of ours. Only what this service started itself has one: `data` names it.
"""

from dataclasses import replace
from html import escape

from libs.common.actor import system_actor
from libs.common.errors import AppError
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.notifications.channels.base import Outgoing, PermanentFailure, TemporaryFailure

LINK_ID = "link_id"
# Where identity names the links of this kind; one-time links where a delivery does not say.
LINK_KIND, ONE_TIME, INVITATIONS = "link_kind", "one-time-links", "invitations"
REGISTRATIONS = "registrations"
# An address that leads nowhere (RFC 6761), for the case that it should ever be read.
MARK = "https://one-time-link.invalid/"


async def with_link(context: ServiceContext, outgoing: Outgoing) -> Outgoing:
    """The message with its link.

    Raises:
        PermanentFailure: the link was used, replaced or has expired meanwhile.
        TemporaryFailure: identity cannot be asked now.
    """
    try:
        answer = await context.upstreams.call(
            "identity",
            "POST",
            f"/internal/{outgoing.data.get(LINK_KIND, ONE_TIME)}/{outgoing.data[LINK_ID]}/reveal",
            actor=system_actor("notifications"),
            json={"email": outgoing.recipient},
            safe=True,
        )
    except UpstreamProblem as error:
        if error.upstream_status == 404:
            raise PermanentFailure("the link is good no more") from None
        raise TemporaryFailure("identity refused to name the link") from error
    except AppError as error:
        raise TemporaryFailure("identity cannot be asked for the link now") from error
    url = str(answer["url"])
    html = outgoing.html.replace(MARK, escape(url)) if outgoing.html else None
    return replace(outgoing, text=outgoing.text.replace(MARK, url), html=html)
