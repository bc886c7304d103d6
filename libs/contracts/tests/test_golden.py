"""Every version of every event must parse for ever: a golden file holds one as it was first published."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from libs.common.messaging.event import Event
from libs.contracts.catalogue import asyncapi_document, event_rows, events

GOLDEN = Path(__file__).parent / "golden"
UUID_EXAMPLE = "01981c3e-7a00-7000-8000-000000000001"


def example(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """A value that fits a JSON schema, the same one every time."""
    if "$ref" in schema:
        return example(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], definitions)
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: example(part, definitions) for name, part in schema["properties"].items()}
        case "object":
            return {"key": "value"}
        case "array":
            return [example(schema.get("items", {}), definitions)]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "number":
            return 1.5
        case "boolean":
            return True
        case "string" if schema.get("format") == "uuid":
            return UUID_EXAMPLE
        case "string" if schema.get("format") == "date-time":
            return "2026-01-02T03:04:05Z"
        case "string" if schema.get("format") == "date":
            return "2026-01-02"
        case "string":
            return (schema.get("examples") or ["text"])[0]
    return "any"


def known_to(golden: Any, kept: Any) -> Any:
    """Of what was kept, that which the golden file has: fields of values may be added later, too."""
    match golden, kept:
        case dict(), dict():
            return {name: known_to(golden[name], value) for name, value in kept.items() if name in golden}
        case list(), list():
            return [known_to(one, value) for one, value in zip(golden, kept, strict=True)]
    return kept


@pytest.mark.parametrize("event", events(), ids=lambda event: event.wire_name)
def test_every_event_ever_published_still_parses(event: type[Event], request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{event.wire_name}.json"
    if not path.exists() and request.config.getoption("--write-golden", default=False):
        schema = event.model_json_schema()
        path.write_text(json.dumps(example(schema, schema.get("$defs", {})), indent=2) + "\n")
    assert path.exists(), f"no golden file for {event.wire_name}: run pytest libs/contracts --write-golden"
    golden = json.loads(path.read_text())

    parsed = event.model_validate(golden)

    kept = known_to(golden, parsed.model_dump(mode="json"))
    assert kept == golden, "a field was renamed, removed or changed its form"


def test_no_published_event_was_removed() -> None:
    known = {event.wire_name for event in events()}
    assert {path.stem for path in GOLDEN.glob("*.json")} <= known


def test_an_unknown_field_does_not_stop_an_older_reader() -> None:
    for event in events():
        golden = json.loads((GOLDEN / f"{event.wire_name}.json").read_text())
        event.model_validate({**golden, "added_later": 1})


def test_wire_names_have_service_fact_and_version() -> None:
    for event in events():
        service, fact, version = event.wire_name.split(".")
        module = event.__module__.rpartition(".")[2]
        assert module in (service, "audit", "provisioning")
        assert fact.islower()
        assert version.startswith("v")
        assert event.about[1] in event.model_fields


def test_every_event_tells_readers_what_it_means() -> None:
    for row in event_rows():
        assert len(row["description"]) > 15, row["wire_name"]


def test_the_asyncapi_document_fits_its_own_references() -> None:
    document = asyncapi_document()
    text = json.dumps(document)

    assert document["asyncapi"] == "3.0.0"
    for name, channel in document["channels"].items():
        reference = channel["messages"]["event"]["$ref"]
        assert reference == f"#/components/messages/{name}"
        assert name in document["components"]["messages"]
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in document["components"]["schemas"]


def test_golden_events_fit_the_published_schemas() -> None:
    document = asyncapi_document()
    for event in events():
        golden = json.loads((GOLDEN / f"{event.wire_name}.json").read_text())
        schema = {"$ref": f"#/components/schemas/{event.__name__}", "components": document["components"]}
        jsonschema.validate(golden, schema)
