"""Mail over a real SMTP exchange, and into the mailbox."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from libs.common.clock import SystemClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.certificates import certificate_in
from services.notifications.channels.base import Channel, PermanentFailure, TemporaryFailure
from services.notifications.channels.mailbox import MailboxChannel
from services.notifications.channels.smtp import SmtpChannel
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.channels.provider_suite import ChannelSuite, outgoing


@dataclass
class Server:
    """An SMTP server whose answers depend on the address."""

    port: int
    certificate: Path
    received: list[tuple[list[str], bytes]] = field(default_factory=list)
    hits: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Refuse some recipients."""
        self.hits += 1
        if address.startswith("unknown"):
            return "550 5.1.1 user unknown"
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail, or refuse it by its content."""
        if b"forbidden" in envelope.content:
            return "554 5.7.1 not wanted"
        self.received.append((envelope.rcpt_tos, envelope.original_content))
        return "250 OK"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return certificate_in(tmp_path_factory.mktemp("smtp"))


@pytest.fixture
def server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    """A server that demands STARTTLS and a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def authenticate(
        server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = (data.login, data.password) == (b"pillars", b"secret")
        return AuthResult(success=right, handled=False)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Server(port, certificate[0])
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    controller.start()
    yield handler
    controller.stop()


def make_channel(server: Server, **changes: Any) -> SmtpChannel:
    """The channel for a server."""
    fields: dict[str, Any] = {
        "smtp_host": "localhost",
        "smtp_port": server.port,
        "smtp_username": "pillars",
        "smtp_password": "secret",
        "smtp_ca_file": str(server.certificate),
        "smtp_from": "Карру Coffee <shop@example.com>",
    }
    return SmtpChannel(NotificationsSettings(_env_file=None, **{**fields, **changes}), SystemClock())


class TestSmtpChannel(ChannelSuite):
    """SMTP as a channel."""

    @pytest.fixture
    def channel(self, server: Server) -> Channel:
        """The channel."""
        return make_channel(server)

    @pytest.fixture
    def good(self) -> str:
        """An address."""
        return "client@example.com"

    @pytest.fixture
    def gone(self) -> str:
        """An address that the server does not know."""
        return "unknown@example.com"


class TestMailboxChannel(ChannelSuite):
    """The mailbox as a channel."""

    @pytest.fixture
    def channel(self, context: ServiceContext) -> Channel:
        """The channel."""
        return MailboxChannel(context)

    @pytest.fixture
    def good(self) -> str:
        """An address."""
        return "client@example.com"

    @pytest.fixture
    def gone(self) -> str:
        """No address."""
        return "nobody"


def parse(raw: bytes) -> EmailMessage:
    """A received mail."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


async def test_a_mail_has_both_parts_and_an_id_that_a_repeat_keeps(server: Server) -> None:
    message = outgoing("client@example.com")
    channel = make_channel(server)

    assert await channel.send(message) == await channel.send(message)

    (recipients, raw), _ = server.received
    mail = parse(raw)
    assert recipients == ["client@example.com"]
    assert mail["Subject"] == "Заказ 1001"
    assert mail["From"] == "Карру Coffee <shop@example.com>"
    assert mail["Message-ID"] == f"<{message.delivery_id}@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content().splitlines() == ["Thank you", "for your order"]
    assert mail.get_body(("html",)).get_content().strip() == "<p>Thank you</p>"


async def test_a_full_mailbox_is_a_temporary_failure(server: Server) -> None:
    with pytest.raises(TemporaryFailure, match=r"4\.2\.2"):
        await make_channel(server).send(outgoing("full@example.com"))


async def test_a_refused_mail_does_not_mean_that_the_recipient_is_gone(server: Server) -> None:
    with pytest.raises(PermanentFailure) as failure:
        await make_channel(server).send(outgoing("client@example.com", text="forbidden"))
    assert not failure.value.is_gone


@pytest.mark.parametrize(
    "changes",
    [
        {"smtp_password": "wrong"},
        {"smtp_username": None, "smtp_password": None},
        {"smtp_tls": "none", "smtp_username": None, "smtp_password": None},
        {"smtp_ca_file": None},
        {"smtp_tls": "tls", "smtp_timeout": 2},
    ],
)
async def test_what_the_operator_must_mend_makes_mails_wait(server: Server, changes: dict[str, Any]) -> None:
    with pytest.raises(TemporaryFailure):
        await make_channel(server, **changes).send(outgoing("client@example.com"))
    assert server.received == []


async def test_a_server_that_is_away_is_a_temporary_failure(server: Server) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        unused = probe.getsockname()[1]
        with pytest.raises(TemporaryFailure):
            await make_channel(server, smtp_port=unused).send(outgoing("client@example.com"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "<a@example.com>",
        "a@",
        "@example.com",
        "a\x00@example.com",
        "ü\u2028b@example.com",
        "ü b@example.com",
        "ü,b@example.com",
    ],
)
async def test_an_address_that_is_none_or_two_never_reaches_the_server(server: Server, address: str) -> None:
    with pytest.raises(PermanentFailure):
        await make_channel(server).send(outgoing(address))
    assert server.hits == 0


async def test_a_subject_cannot_carry_a_header(server: Server) -> None:
    with pytest.raises(PermanentFailure):
        await make_channel(server).send(outgoing("a@example.com", subject="x\r\nBcc: b@example.com"))
    assert server.hits == 0


@pytest.mark.parametrize("address", ["нандипа@example.com", "zoë@example.com", "zoë@bücher.example"])
async def test_an_address_in_letters_of_any_script_is_written_to(server: Server, address: str) -> None:
    await make_channel(server).send(outgoing(address))

    [(recipients, raw)] = server.received
    assert recipients == [address]
    assert f"\r\nTo: {address}\r\n".encode() in raw


async def test_an_encoded_word_in_a_name_stays_as_it_was_written(server: Server) -> None:
    name = "=?utf-8?q?Karoo=0ABcc=3A_b=40example=2Ecom?="

    await make_channel(server).send(outgoing("a@example.com", subject=f"Welcome to {name}"))

    [(recipients, raw)] = server.received
    assert recipients == ["a@example.com"]
    assert parse(raw)["Subject"] == f"Welcome to {name.replace('=?', '= ?', 1)}"
    assert parse(raw)["Bcc"] is None
