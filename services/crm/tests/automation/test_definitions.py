"""What a rule says is read once, as long as it is short."""

from typing import Any

from services.crm.automation.definition import stored
from services.crm.automation.models import Rule

MANUAL = {"type": "manual", "object_type": "deal"}


def saying(*actions: dict[str, Any]) -> Rule:
    """A rule with these actions."""
    return Rule(trigger=MANUAL, object_type="deal", conditions=None, actions=list(actions))


def test_what_rules_say_alike_is_read_once() -> None:
    task = {"type": "create_task", "name": "Call"}

    assert stored(saying(task)) is stored(saying(dict(task)))
    assert stored(saying({**task, "name": "Write"})).actions[0].name == "Write"
    assert stored(saying(task)).actions[0].name == "Call"


def test_what_is_long_is_not_kept() -> None:
    post = {"type": "post_message", "text": "x" * 20_000}

    first, second = stored(saying(post)), stored(saying(post))

    assert first is not second
    assert first == second
