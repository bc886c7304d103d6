"""Properties of the permission algebra, over a vocabulary small enough that sets meet often."""

from hypothesis import given
from hypothesis import strategies as st

from libs.common.actor import Actor, ActorKind
from libs.common.permissions import ALL, holds, lacking, meet

_PARTS = ("crm", "catalog"), ("deals", "products"), ("read", "write")
EVERY = [f"{s}.{r}.{v}" for s in _PARTS[0] for r in _PARTS[1] for v in _PARTS[2]]
WILD = [ALL, *(f"{s}.*" for s in _PARTS[0]), *(f"{s}.{r}.*" for s in _PARTS[0] for r in _PARTS[1])]
permissions = st.sampled_from(EVERY)
strings = st.sampled_from(EVERY + WILD)
sets = st.frozensets(strings, max_size=5)


def opened(held: frozenset[str]) -> set[str]:
    """All that a set opens, by the definition: a wildcard opens what begins as it does."""
    return {p for p in EVERY for h in held if h in (ALL, p) or (h.endswith(".*") and p.startswith(h[:-1]))}


@given(sets, permissions)
def test_a_set_opens_what_the_definition_says(held: frozenset[str], permission: str) -> None:
    assert holds(held, permission) == (permission in opened(held))


@given(sets, permissions)
def test_an_actor_may_what_the_permissions_open(held: frozenset[str], permission: str) -> None:
    actor = Actor(kind=ActorKind.USER, permissions=held)
    assert actor.may(permission) == holds(held, permission)


@given(sets, strings)
def test_holding_a_wildcard_is_holding_all_that_it_opens(held: frozenset[str], wanted: str) -> None:
    if holds(held, wanted):
        assert opened(frozenset({wanted})) <= opened(held)


@given(sets, sets)
def test_who_may_grant_a_set_holds_all_that_it_opens(
    granter: frozenset[str], granted: frozenset[str]
) -> None:
    if not lacking(granter, granted):
        assert opened(granted) <= opened(granter)


@given(sets, sets, sets)
def test_grants_of_grants_never_exceed_the_first_granter(
    first: frozenset[str], second: frozenset[str], third: frozenset[str]
) -> None:
    if not lacking(first, second) and not lacking(second, third):
        assert not lacking(first, third)


@given(sets, sets)
def test_a_meet_opens_what_both_open_and_nothing_else(one: frozenset[str], other: frozenset[str]) -> None:
    assert opened(meet(one, other)) == opened(one) & opened(other)


@given(sets, sets)
def test_a_meet_is_covered_by_both_and_the_same_either_way(
    one: frozenset[str], other: frozenset[str]
) -> None:
    both = meet(one, other)
    assert not lacking(one, both)
    assert not lacking(other, both)
    assert both == meet(other, one)


@given(sets)
def test_a_meet_with_oneself_with_all_and_with_nothing(held: frozenset[str]) -> None:
    assert opened(meet(held, held)) == opened(held)
    assert opened(meet(held, {ALL})) == opened(held)
    assert meet(held, ()) == frozenset()


@given(sets, sets, permissions)
def test_more_held_never_opens_less(held: frozenset[str], more: frozenset[str], permission: str) -> None:
    if holds(held, permission):
        assert holds(held | more, permission)
