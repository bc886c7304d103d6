"""Calls to addresses that our users name: they must lead out of our own network (server-side request forgery).

A name is resolved here, every address it has must be a public one, and the connection goes to the address that was looked
at: a name that leads elsewhere a moment later changes nothing. Certificates are checked against the name all the same.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

Resolve = Callable[[str, int], Awaitable[list[str]]]
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa")
_MOST_CHARS = 2_000


class AddressRefused(Exception):
    """The address is not one outside; the text says why."""


def check_address(url: str) -> str:
    """The host of an address of the web as it is written, wherever it leads.

    Raises:
        AddressRefused: it is none, or has a name and password in it.
    """
    if len(url) > _MOST_CHARS or any(c.isspace() or ord(c) < 0x21 or c in "\\\x7f" for c in url):
        raise AddressRefused("is no address")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise AddressRefused("is no address") from None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise AddressRefused("is no address")
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused("must have neither a name and password nor a fragment")
    return host


def check_outside(url: str) -> None:
    """Look at an address as it is written; what its name leads to is looked at when it is called.

    Raises:
        AddressRefused: it is not https, has a name and password in it, or names a place within.
    """
    host = check_address(url)
    if not url.lower().startswith("https:"):
        raise AddressRefused("must begin with https://")
    try:
        ip = ip_address(host)
    except ValueError:
        if "." not in host or host.endswith(_LOCAL_SUFFIXES) or host.rpartition(".")[2].isdigit():
            # A single label is a name of our own network; `0x7f.1` and `2130706433` are spellings of an address.
            raise AddressRefused("must be at a public host name") from None
    else:
        if not is_public(str(ip)):
            raise AddressRefused("must be at a public address")


def is_public(address: str) -> bool:
    """Whether an address is one of the internet at large, through whatever translation it is written."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip.packed[:12] == bytes.fromhex("0064ff9b") + bytes(8):
            return is_public(".".join(str(b) for b in ip.packed[12:]))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, from the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def outside_transport(
    inner: "httpx.AsyncBaseTransport | None" = None, *, resolve: Resolve = resolve
) -> "httpx.AsyncBaseTransport":
    """A transport of httpx that leads outside only; `inner` is what carries the request then."""
    import httpx

    class Outside(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self._inner = inner or httpx.AsyncHTTPTransport(trust_env=False)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                check_outside(str(request.url))
            except AddressRefused as error:
                raise httpx.UnsupportedProtocol(f"The address {error}.", request=request) from error
            host, port = request.url.host, request.url.port or 443
            try:
                addresses = await resolve(host, port)
            except OSError as error:
                raise httpx.ConnectError(f"{host} has no address", request=request) from error
            if not addresses or not all(is_public(address) for address in addresses):
                raise httpx.UnsupportedProtocol(f"{host} does not lead outside.", request=request)
            # The Host header was set from the name when the request was made, and stays.
            request.url = request.url.copy_with(host=addresses[0])
            request.extensions = {**request.extensions, "sni_hostname": host}
            return await self._inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Outside()
