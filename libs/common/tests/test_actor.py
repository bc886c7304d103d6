"""The signed identity between gateway and services."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.actor import Actor, ActorKind, ActorSigner, system_actor
from libs.common.errors import Unauthenticated
from libs.common.ids import new_id
from libs.common.testing.actors import user

NOW = 1_800_000_000.0


def test_an_actor_survives_the_journey() -> None:
    signer = ActorSigner("secret")
    actor = user(new_id(), "crm.deals.read", "catalog.*")
    assert signer.verify(signer.sign(actor, NOW), NOW + 60) == actor


def test_an_identity_expires() -> None:
    signer = ActorSigner("secret", ttl=120)
    header = signer.sign(user(new_id()), NOW)
    signer.verify(header, NOW + 119)
    with pytest.raises(Unauthenticated):
        signer.verify(header, NOW + 121)


def test_another_secret_does_not_verify() -> None:
    with pytest.raises(Unauthenticated):
        ActorSigner("secret").verify(ActorSigner("other").sign(user(new_id()), NOW), NOW)


def test_a_changed_actor_does_not_verify() -> None:
    signer = ActorSigner("secret")
    body, _, mac = signer.sign(user(new_id(), "crm.deals.read"), NOW).partition(".")
    raw = json.loads(base64.urlsafe_b64decode(body))
    raw["permissions"] = ["*"]
    forged = base64.urlsafe_b64encode(json.dumps(raw).encode()).decode()
    for header in (f"{forged}.{mac}", forged, f"{forged}.", f".{mac}", "", "a.b.c", "é.é"):
        with pytest.raises(Unauthenticated):
            signer.verify(header, NOW)


@pytest.mark.parametrize(
    ("held", "asked", "may"),
    [
        ({"crm.deals.read"}, "crm.deals.read", True),
        ({"crm.deals.read"}, "crm.deals.write", False),
        ({"crm.*"}, "crm.deals.write", True),
        ({"crm.deals.*"}, "crm.deals.write", True),
        ({"crm.deals.*"}, "crm.dealsx.write", False),
        ({"cr.*"}, "crm.deals.write", False),
        ({"*"}, "crm.deals.write", True),
        (set(), "crm.deals.read", False),
    ],
)
def test_wildcards_cover_whole_parts_only(held: set[str], asked: str, may: bool) -> None:
    assert Actor(kind=ActorKind.USER, permissions=frozenset(held)).may(asked) is may


@given(st.lists(st.sampled_from(["crm", "deals", "read", "write", "catalog"]), min_size=1, max_size=4))
def test_whoever_holds_a_wildcard_holds_all_below_it(parts: list[str]) -> None:
    permission = ".".join([*parts, "verb"])
    for depth in range(1, len(parts) + 1):
        wildcard = ".".join(parts[:depth]) + ".*"
        assert Actor(kind=ActorKind.USER, permissions=frozenset({wildcard})).may(permission)


def test_the_system_may_do_anything_and_a_guest_nothing() -> None:
    assert system_actor("orders").may("catalog.stock.write")
    assert not Actor().may("catalog.products.read")
