"""The envelope on the wire, against a golden file: what was written by any release must be readable for ever."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.messaging.amqp_binding import ATTEMPTS, PREFIX, from_message, to_message
from libs.common.messaging.dead_letter import dead_letter_id
from libs.common.messaging.envelope import BadEnvelope, Envelope

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "envelope_v1.json").read_text())
ENVELOPE = Envelope(
    id=UUID("01937d2c-7b1e-7000-8000-0000000000a1"),
    type="parcels.parcel_moved.v1",
    source="parcels",
    subject="parcel/01937d2c-7b1e-7000-8000-0000000000b2",
    time=datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
    tenant_id=UUID("01937d2c-7b1e-7000-8000-0000000000c3"),
    data={"parcel_id": "01937d2c-7b1e-7000-8000-0000000000b2", "step": 3, "mood": "well"},
    actor="user:01937d2c-7b1e-7000-8000-0000000000d4",
    correlation_id="req-17",
    causation_id="01937d2c-7b1e-7000-8000-0000000000e5",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
REQUIRED = ("specversion", "id", "type", "source", "time", "tenantid")


def test_the_structured_form_is_the_golden_file() -> None:
    assert ENVELOPE.to_json() == GOLDEN
    assert Envelope.from_json(GOLDEN) == ENVELOPE


def test_the_binary_form_has_the_attributes_as_headers_and_the_data_as_body() -> None:
    message = to_message(ENVELOPE)
    attributes = {name: value for name, value in GOLDEN.items() if name not in ("data", "datacontenttype")}
    assert message.headers == {f"ce-{name}": value for name, value in attributes.items()}
    assert message.content_type == GOLDEN["datacontenttype"]
    assert orjson.loads(message.body) == GOLDEN["data"]
    assert message.message_id == GOLDEN["id"]
    assert message.delivery_mode == 2
    assert from_message(dict(message.headers), message.body) == ENVELOPE


def test_absent_attributes_are_left_out_and_read_back_as_absent() -> None:
    bare = replace(ENVELOPE, actor=None, correlation_id=None, causation_id=None, traceparent=None)
    assert set(bare.to_json()) == {*REQUIRED, "subject", "datacontenttype", "data"}
    assert Envelope.from_json(bare.to_json()) == bare
    message = to_message(bare)
    assert from_message(dict(message.headers), message.body) == bare


def test_failed_attempts_travel_beside_the_event() -> None:
    message = to_message(replace(ENVELOPE, attempts=4), message_id="another")
    assert message.headers[ATTEMPTS] == 4
    assert message.message_id == "another"
    assert from_message(dict(message.headers), message.body).attempts == 4
    assert ATTEMPTS not in to_message(ENVELOPE).headers


def test_headers_that_came_as_bytes_are_read() -> None:
    message = to_message(ENVELOPE)
    headers = {name: str(value).encode() for name, value in message.headers.items()}
    assert from_message(headers, message.body) == ENVELOPE


@pytest.mark.parametrize("name", REQUIRED)
def test_a_message_without_a_required_attribute_is_no_envelope(name: str) -> None:
    raw = {key: value for key, value in GOLDEN.items() if key != name}
    with pytest.raises(BadEnvelope, match=name):
        Envelope.from_json(raw)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "2.0"),
        ("id", "seven"),
        ("time", "yesterday"),
        ("tenantid", ""),
        ("source", 5),
        ("id", None),
        ("type", None),
        ("type", 5),
        ("subject", 5),
        ("subject", "par\0cel"),
        ("actor", ["user:1"]),
        ("correlationid", {}),
        ("causationid", 1.5),
        ("traceparent", [255]),
        ("origin", True),
    ],
)
def test_a_malformed_attribute_makes_it_no_envelope(name: str, value: object) -> None:
    with pytest.raises(BadEnvelope):
        Envelope.from_json({**GOLDEN, name: value})


def test_an_attribute_in_bytes_that_are_no_text_makes_it_no_envelope() -> None:
    message = to_message(ENVELOPE)
    with pytest.raises(BadEnvelope):
        from_message({**message.headers, f"{PREFIX}actor": b"\xff"}, message.body)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b'"text"', b"{"])
def test_a_body_that_is_no_object_makes_it_no_envelope(body: bytes) -> None:
    with pytest.raises(BadEnvelope):
        from_message(dict(to_message(ENVELOPE).headers), body)


def test_attempts_that_are_no_number_make_it_no_envelope() -> None:
    message = to_message(ENVELOPE)
    with pytest.raises(BadEnvelope):
        from_message({**message.headers, ATTEMPTS: "many"}, message.body)


@given(
    data=st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",))),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**53), 2**53),
            st.text(st.characters(exclude_categories=("Cs",))),
        ),
    ),
    time=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_any_data_and_time_survive_both_forms(data: dict[str, Any], time: datetime) -> None:
    sent = replace(ENVELOPE, data=data, time=time)
    message = to_message(sent)
    assert from_message(dict(message.headers), message.body) == sent
    assert Envelope.from_json(orjson.loads(orjson.dumps(sent.to_json()))) == sent


@given(event=st.uuids(version=4), handler=st.text(min_size=1, max_size=60))
def test_a_dead_letter_of_one_event_and_handler_has_one_id(event: UUID, handler: str) -> None:
    # Any id will do: the version is copied with the time.
    assert dead_letter_id(event, handler) == dead_letter_id(event, handler)
    assert dead_letter_id(event, handler) != dead_letter_id(event, handler + "x")


def test_the_id_of_a_dead_letter_sorts_with_its_event() -> None:
    letter = dead_letter_id(ENVELOPE.id, "parcels.keep_latest")
    assert letter.version == 7
    assert letter.variant == "specified in RFC 4122"
    assert letter.int >> 80 == ENVELOPE.id.int >> 80
