"""A service in several processes behind one name: each of them is reached."""

import socket
from typing import Any

from libs.common.http.client.addresses import addresses


async def test_each_address_of_a_name_comes_first_at_times() -> None:
    async def look_up(*_: Any, **__: Any) -> list[Any]:
        # As the system sorts them for a caller in the same network: always in this order.
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"10.0.0.{n}", 80)) for n in (4, 5, 9)]

    orders = [await addresses("orders", 80, look_up=look_up) for _ in range(300)]

    assert {order[0] for order in orders} == {"10.0.0.4", "10.0.0.5", "10.0.0.9"}
    assert all(sorted(order) == ["10.0.0.4", "10.0.0.5", "10.0.0.9"] for order in orders)


async def test_the_family_that_the_system_prefers_stays_first() -> None:
    async def look_up(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fd00::1", 80, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.4", 80)),
        ]

    for _ in range(50):
        assert await addresses("orders", 80, look_up=look_up) == ["fd00::1", "10.0.0.4"]


async def test_an_address_is_not_looked_up() -> None:
    async def look_up(*_: Any, **__: Any) -> list[Any]:
        raise AssertionError("it is no name")

    for address in ("127.0.0.1", "::1"):
        assert await addresses(address, 80, look_up=look_up) == [address]
