"""The signer against the vectors of the specification, and against the reference library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.payments.providers.base import InvalidSignature
from services.payments.providers.standard_webhooks import new_secret, sign, signed_headers, verify

KEY_B = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
ID_B = "msg_01JD4Z2XQ9T5V8R3N6K7M2P4WY"
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        KEY_B,
        ID_B,
        1731600000,
        '{"type":"order.created","timestamp":"2024-11-14T16:00:00.000000Z","data":{"id":"ord_1001",'
        '"number":"A-1001","total":{"amount":"1999.90","currency":"KZT"}}}',
        "v1,sLihCUrgyoEyJXFzhC4F5Xk3wxaj7jgA1vMd9t/dTkc=",
    ),
    (
        KEY_B,
        ID_B,
        1731600000,
        '{"type":"contact.updated","timestamp":"2024-11-14T16:00:00Z","data":{"name":"Айгүл Ёлкина"}}',
        "v1,/uV5hZ44T+LzsH1abG0qQ2RmQDu4rO0n/lovBU9NM5o=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        "msg_test_0001",
        1767323045,
        '{"id":"evt_test1","type":"payment.succeeded","createdDate":"2026-01-02T03:04:05.000000Z","payload":'
        '{"id":"p_test1","type":"payment","createdDate":"2026-01-02T03:04:04.000000Z","amount":12345,'
        '"currency":"ZAR","paymentMethodDetails":{"type":"card","card":{"expiryMonth":2,"expiryYear":30,'
        '"maskedCard":"************1111","scheme":"visa"}},"status":"succeeded","mode":"test","metadata":'
        '{"checkoutId":"ch_test1","orderId":"A-1"}}}',
        "v1,TKBmfMX72YSK82303Ka055NHmVhswBCNnls7vMAMr94=",
    ),
]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(("secret", "message_id", "timestamp", "body", "expected"), VECTORS)
def test_the_vectors_hold(secret: str, message_id: str, timestamp: int, body: str, expected: str) -> None:
    assert sign(secret, message_id, timestamp, body.encode()) == expected
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,AAAA v2,zzz {expected}",
    }
    assert verify(secret, headers, body.encode(), datetime.fromtimestamp(timestamp, UTC)) == message_id


@given(body=st.binary(max_size=200).filter(lambda b: b.decode("utf-8", "ignore").encode() == b))
def test_the_reference_library_agrees(body: bytes) -> None:
    secret, now = new_secret(), datetime.now(UTC)
    headers = signed_headers(secret, "msg_1", now, body)

    Webhook(secret).verify(body, headers, json_parse=False)
    theirs = Webhook(secret).sign("msg_1", now, body.decode())
    assert verify(secret, headers | {"webhook-signature": theirs}, body, now) == "msg_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers, json_parse=False)


GOOD = signed_headers(KEY_B, "msg_1", NOW, b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": GOOD["webhook-signature"].replace("v1", "v2")},
        {"webhook-signature": "v1,ü"},
        {"webhook-signature": "v1,AAAA " * 30 + GOOD["webhook-signature"]},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    assert verify(KEY_B, GOOD, b"{}", NOW) == "msg_1"
    with pytest.raises(InvalidSignature):
        verify(KEY_B, GOOD | change, b"{}", NOW)


@pytest.mark.parametrize(("seconds", "holds"), [(299, True), (-299, True), (302, False), (-302, False)])
def test_the_time_may_be_off_by_five_minutes(seconds: int, holds: bool) -> None:
    later = NOW + timedelta(seconds=seconds)
    if holds:
        assert verify(KEY_B, GOOD, b"{}", later)
    else:
        with pytest.raises(InvalidSignature):
            verify(KEY_B, GOOD, b"{}", later)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify(KEY_B, GOOD, b"{} ", NOW)
