"""Calls to addresses that users name lead outside only."""

import httpx
import pytest

from libs.common.http.outside import AddressRefused, check_outside, is_public, outside_transport


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.google.com/.well-known/openid-configuration",
        "https://login.example.com:8443/a?b=c",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ],
)
def test_an_address_outside_is_taken(url: str) -> None:
    check_outside(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/",
        "ftp://login.example.com/",
        "file:///etc/passwd",
        "//login.example.com/",
        "login.example.com",
        "",
        "https://",
        "https://localhost/",
        "https://postgres/",
        "https://x.localhost./",
        "https://metadata.google.internal/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::7f00:1]/",
        "https://user:password@login.example.com/",
        "https://login.example.com@127.0.0.1/",
        "https://login.example.com\\@127.0.0.1/",
        "https://login.example.com/#x",
        "https://login.example.com:0/",
        "https://login.example.com:99999/",
        "https://login.exam ple.com/",
        "https://login.example.com/\r\nX: y",
        "https://login.example.com/" + "x" * 2000,
    ],
)
def test_an_address_within_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_outside(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"])
def test_a_public_address_is_one_however_it_is_written(address: str) -> None:
    assert is_public(address)


class Inner(httpx.AsyncBaseTransport):
    """Notes what it is asked to carry."""

    def __init__(self) -> None:
        self.carried: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.carried.append(request)
        return httpx.Response(200, text="there")


async def test_a_request_goes_to_the_address_that_was_looked_at() -> None:
    inner = Inner()
    answers = [["93.184.216.34", "2606:4700::1111"], ["127.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("login.example.com", 443)
        return answers.pop(0)

    async with httpx.AsyncClient(transport=outside_transport(inner, resolve=resolve)) as client:
        assert (await client.get("https://login.example.com/a")).text == "there"
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("https://login.example.com/a")
    (sent,) = inner.carried
    assert sent.url.host == "93.184.216.34"
    assert sent.headers["host"] == "login.example.com"
    assert sent.extensions["sni_hostname"] == "login.example.com"


@pytest.mark.parametrize(
    "addresses", [[], ["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:169.254.169.254"]]
)
async def test_a_name_that_leads_within_is_not_called(addresses: list[str]) -> None:
    inner = Inner()

    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async with httpx.AsyncClient(transport=outside_transport(inner, resolve=resolve)) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("https://rebinding.example.com/")
    assert inner.carried == []


async def test_a_name_without_an_address_is_one_that_cannot_be_reached() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with httpx.AsyncClient(transport=outside_transport(Inner(), resolve=resolve)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("https://nowhere.example.com/")
