"""Opens and closes one AMQP 0-9-1 connection over a plain socket, to learn whether a broker serves.

The project's client is asynchronous; this answers from any thread, with or without a running event loop.
Source: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, sections 4.2 and 2.2.4.
"""

import socket
import struct

_FRAME_END = b"\xce"
_CONNECTION = 10
_START_OK, _TUNE_OK, _OPEN, _OPEN_OK, _CLOSE = 11, 31, 40, 41, 50


def can_open(port: int, user: str, password: str, *, seconds: float) -> bool:
    """Tell whether `user` can open the default virtual host on 127.0.0.1:`port`; each read waits so many seconds."""
    plain = f"\0{user}\0{password}".encode()
    start_ok = (
        struct.pack(">L", 0) + _short(b"PLAIN") + struct.pack(">L", len(plain)) + plain + _short(b"en_US")
    )
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as broker:
            broker.sendall(b"AMQP\x00\x00\x09\x01")
            _read(broker)
            _send(broker, _START_OK, start_ok)
            _, tune = _read(broker)
            channels, frame_size, _heartbeat = struct.unpack(">HLH", tune[:8])
            _send(broker, _TUNE_OK, struct.pack(">HLH", channels, frame_size, 0))
            _send(broker, _OPEN, _short(b"/") + _short(b"") + b"\0")
            answer, _ = _read(broker)
            _send(broker, _CLOSE, struct.pack(">H", 200) + _short(b"") + struct.pack(">HH", 0, 0))
            _read(broker)
    except (OSError, EOFError, struct.error):
        return False
    return answer == _OPEN_OK


def _short(text: bytes) -> bytes:
    return struct.pack(">B", len(text)) + text


def _send(broker: socket.socket, method: int, arguments: bytes) -> None:
    payload = struct.pack(">HH", _CONNECTION, method) + arguments
    broker.sendall(struct.pack(">BHL", 1, 0, len(payload)) + payload + _FRAME_END)


def _read(broker: socket.socket) -> tuple[int, bytes]:
    """Return the method number and arguments of the next frame."""
    _, _, size = struct.unpack(">BHL", _exactly(broker, 7))
    payload = _exactly(broker, size + len(_FRAME_END))
    _, method = struct.unpack(">HH", payload[:4])
    return method, payload[4:-1]


def _exactly(broker: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = broker.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
