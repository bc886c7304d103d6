"""How an envelope is an AMQP message: CloudEvents in binary mode, attributes as `ce-` headers, the body is the data.

Source: CloudEvents 1.0.2, AMQP protocol binding, section 3.1; AMQP 0-9-1 has headers where AMQP 1.0 has application
properties.
"""

from typing import Any

import aio_pika
import orjson

from libs.common.messaging.envelope import BadEnvelope, Envelope

PREFIX = "ce-"
# How many attempts to handle the message have failed; not an attribute of the event.
ATTEMPTS = "x-pillars-attempts"
# How often the message was put back into its queue; kept by quorum queues.
RETURNS = "x-delivery-count"


def to_message(envelope: Envelope, *, message_id: str | None = None) -> aio_pika.Message:
    """The persistent message of an envelope; its id is that of the event unless another is given."""
    headers: dict[str, Any] = {PREFIX + name: value for name, value in envelope.attributes().items()}
    if envelope.attempts:
        headers[ATTEMPTS] = envelope.attempts
    return aio_pika.Message(
        orjson.dumps(envelope.data),
        headers=headers,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id or str(envelope.id),
    )


def from_message(headers: dict[str, Any], body: bytes) -> Envelope:
    """The envelope in a message.

    Raises:
        BadEnvelope: an attribute is absent or malformed, or the body is no JSON object.
    """
    try:
        attributes = {
            name.removeprefix(PREFIX): value.decode() if isinstance(value, bytes) else value
            for name, value in headers.items()
            if name.startswith(PREFIX)
        }
    except UnicodeDecodeError as error:
        raise BadEnvelope("an attribute is not a text") from error
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadEnvelope("the body is not JSON") from error
    if not isinstance(data, dict):
        raise BadEnvelope("the body is not a JSON object")
    attempts = headers.get(ATTEMPTS, 0)
    if not isinstance(attempts, int):
        raise BadEnvelope(f"{ATTEMPTS} is not a number")
    returns = headers.get(RETURNS, 0)
    return Envelope.from_attributes(
        attributes, data, attempts=attempts, returns=returns if isinstance(returns, int) else 0
    )
