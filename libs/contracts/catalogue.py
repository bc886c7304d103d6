"""The catalogue of events: every class, read for people (`docs/events.md`) and machines (AsyncAPI 3)."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from libs.common.messaging.event import REGISTRY, Event

_MODULES = (
    "audit",
    "identity",
    "crm",
    "catalog",
    "orders",
    "payments",
    "notifications",
    "analytics",
    "provisioning",
)
_EXCHANGE = "pillars.events"

# CloudEvents attributes as message headers, in the binary mode of the bus.
_HEADERS = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-tenantid"],
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid", "description": "Unique; a repeat has the same id"},
        "ce-type": {"type": "string"},
        "ce-source": {"type": "string", "description": "/pillars/<service>"},
        "ce-subject": {
            "type": "string",
            "description": "<noun>/<id>; events of one subject are published in order",
        },
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-tenantid": {"type": "string", "format": "uuid", "description": "The business the event is of"},
        "ce-actor": {"type": "string", "description": "user:<id>, api_key:<id>, guest or system:<service>"},
        "ce-correlationid": {"type": "string", "description": "The request that started the story"},
        "ce-causationid": {"type": "string", "description": "The event that caused this one"},
        "ce-traceparent": {"type": "string", "description": "W3C trace context"},
        "ce-origin": {
            "type": "string",
            "description": "<address of the client> <how the business was found> <user agent>; - for an unknown one",
        },
    },
}


def events() -> list[type[Event]]:
    """Every event class, by wire name."""
    for module in _MODULES:
        importlib.import_module(f"libs.contracts.{module}")
    return [
        REGISTRY[name] for name in sorted(REGISTRY) if REGISTRY[name].__module__.startswith("libs.contracts")
    ]


def event_rows(subscribers: Mapping[str, Sequence[str]] | None = None) -> list[dict[str, Any]]:
    """The catalogue for people: name, service, version, description, fields and who listens.

    `subscribers` maps wire names to the names of the handlers that take them.
    """
    rows = []
    for event in events():
        service, name, version = event.wire_name.split(".")
        schema = event.model_json_schema()
        required = set(schema.get("required", ()))
        rows.append(
            {
                "wire_name": event.wire_name,
                "service": service,
                "name": name,
                "version": version,
                "description": " ".join((event.__doc__ or "").split()),
                "fields": [
                    (field, _type_name(definition), field in required, definition.get("description", ""))
                    for field, definition in schema.get("properties", {}).items()
                ],
                "subscribers": list((subscribers or {}).get(event.wire_name, ())),
            }
        )
    return rows


def _type_name(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type_name(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type_name(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def asyncapi_document(url: str = "amqp://localhost") -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the bus: a channel and a message for each event."""
    channels, messages, operations, schemas = {}, {}, {}, {}
    for event in events():
        name = event.wire_name
        schema = event.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[event.__name__] = schema
        messages[name] = {
            "name": name,
            "title": event.__name__,
            "summary": " ".join((event.__doc__ or "").split()),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
            "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
            "correlationId": {"location": "$message.header#/ce-correlationid"},
        }
        channels[name] = {
            "address": name,
            "messages": {"event": {"$ref": f"#/components/messages/{name}"}},
            "bindings": {
                "amqp": {
                    "is": "routingKey",
                    "exchange": {"name": _EXCHANGE, "type": "topic", "durable": True},
                    "bindingVersion": "0.3.0",
                }
            },
        }
        operations[f"publish_{name.replace('.', '_')}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/event"}],
        }
    schemas["CloudEventHeaders"] = _HEADERS
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pillars events",
            "version": "1",
            "description": "Facts that the services publish, as CloudEvents 1.0 in binary mode on a topic exchange.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "bus": {"host": url.partition("://")[2].rpartition("@")[2] or "localhost", "protocol": "amqp"}
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }
