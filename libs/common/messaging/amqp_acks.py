"""Acknowledges many deliveries with one write; the client library spends a write on each.

The channel is shared by all queues of a process, so that no single frame can stand for a range of them.
"""

import struct
from collections.abc import Sequence

import aiormq
from aiormq.abc import ChannelFrame

# A method frame of 13 bytes: basic.ack (class 60, method 80) of one tag.
_ACK = struct.Struct(">BHIHHQBB")
_METHOD, _SIZE, _BASIC, _ACK_METHOD, _THIS_ONE, _END = 1, 13, 60, 80, 0, 0xCE


def ack_frames(channel: int, tags: Sequence[int]) -> bytes:
    """The frames that acknowledge these deliveries of a channel."""
    return b"".join(
        _ACK.pack(_METHOD, channel, _SIZE, _BASIC, _ACK_METHOD, tag, _THIS_ONE, _END) for tag in tags
    )


async def acknowledge(channel: aiormq.Channel, tags: Sequence[int]) -> None:
    """Acknowledge deliveries, not waiting until that is flushed.

    Raises:
        ChannelInvalidStateError: the channel is closed.
    """
    if channel.is_closed:
        raise aiormq.exceptions.ChannelInvalidStateError(f"{channel!r} closed")
    frames = ChannelFrame(payload=ack_frames(channel.number, tags), should_close=False)
    await channel.write_queue.put(frames)
