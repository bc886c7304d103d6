"""The addresses of a host, in an order that spreads callers over them."""

import asyncio
import ipaddress
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def addresses(
    host: str, port: int, *, look_up: Callable[..., Awaitable[list[Any]]] | None = None
) -> list[str]:
    """All addresses of a host, in any order within a family; the family that the system prefers comes first.

    The system sorts them by their likeness to its own address (RFC 6724, rule 9), the same at each call: of several
    processes behind one name a caller in the same network would reach one only.

    Raises:
        OSError: the name is not known.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    look_up = look_up or asyncio.get_running_loop().getaddrinfo
    found = await look_up(host, port, type=socket.SOCK_STREAM)
    families = list(dict.fromkeys(family for family, *_ in found))
    unique = list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))
    random.shuffle(unique)
    unique.sort(key=lambda each: families.index(each[0]))
    return [address for _, address in unique]
