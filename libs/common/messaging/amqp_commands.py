"""Has RabbitMQ carry out many commands in one round trip; the client library waits for the answer to each.

The server does what one channel asks in turn. So commands that ask for no answer are sent together, and one question
behind them is answered when all are done, or with the reason for which one was refused.
"""

from collections.abc import Sequence

import aiormq
from aiormq import spec
from aiormq.abc import ChannelFrame
from pamqp.base import Frame


async def carry_out(
    channel: aiormq.Channel, commands: Sequence[Frame], *, exchange: str, seconds: float
) -> None:
    """Return once all commands are done, each of which asks for no answer. `exchange` is one that is there by then.

    Raises:
        aiormq.exceptions.AMQPError: one was refused; the channel is closed, and the commands behind it are not done.
        TimeoutError: there was no answer within so many seconds; the channel is closed.
    """
    if commands:
        if channel.is_closed:
            raise aiormq.exceptions.ChannelInvalidStateError(f"{channel!r} closed")
        await channel.write_queue.put(ChannelFrame.marshall(channel.number, commands))
    try:
        await channel.rpc(spec.Exchange.Declare(exchange=exchange, passive=True), timeout=seconds)
    except Exception as error:
        # Given up with its connection, the library may tell those who wait no more than that.
        if type(error) is Exception:
            raise aiormq.exceptions.ChannelInvalidStateError(f"{channel!r} was given up") from error
        raise
