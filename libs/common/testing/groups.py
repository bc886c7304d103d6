"""The pytest plugin that says which worker runs which test, and when; loaded by `libs.common.testing.plugin`."""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """Make the tests on RabbitMQ a group, so that they share one node, see that groups count, and begin with the slow."""
    # Or one worker would be busy with one of them at the end, while the others have nothing left.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if item.get_closest_marker("rabbit"):
            item.add_marker(pytest.mark.xdist_group("rabbit"))
    result = yield
    # xdist gives tests whose ids end alike to one worker. It writes the id with the group where pytest 9.2 no longer
    # reads it.
    for item in items:
        node: Any = item
        with_group = getattr(node, "_nodeid", node.nodeid)
        if with_group != node.nodeid:
            node._id = type(node._id).parse(with_group)
    return result
