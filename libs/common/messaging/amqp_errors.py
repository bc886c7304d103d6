"""What the libraries of AMQP raise while there is no server to talk to."""

from aiormq.exceptions import AMQPError, ChannelInvalidStateError

# What any step may fail with while the server is away or the connection breaks.
AWAY = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
