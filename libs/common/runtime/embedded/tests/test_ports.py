"""Choosing ports."""

import socket

from libs.common.runtime.embedded.ports import free_port, is_free


def test_a_preferred_port_is_returned_while_it_is_free() -> None:
    port = free_port()
    assert free_port(port) == port


def test_a_taken_preferred_port_gives_another_that_can_be_bound() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert free_port(port) != port


def test_a_port_that_cannot_exist_is_not_free() -> None:
    assert not is_free(70_000)
