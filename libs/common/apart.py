"""Work done in a copy of this process, so that the memory it takes is given back with the copy.

Python gives little of what it once took back to the system: what a process needs for one seldom answer it would hold for
as long as it lives, times the number of processes.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import struct
from collections.abc import Callable

log = logging.getLogger("pillars.apart")

_LENGTH = struct.Struct("!Q")
_LARGEST_PIECE = 1 << 20


class Apart:
    """Does one kind of work, bytes for bytes, in a copy of this process that is forked when there is some.

    The copy is there until it had nothing to do for `keep_seconds`; it answers one question after another. Where it
    fails or takes longer than `seconds`, the work is done here. The work must need nothing that does not survive a
    fork: no event loop, no connection, no thread.
    """

    def __init__(
        self, work: Callable[[bytes], bytes], *, keep_seconds: float = 0, seconds: float = 30
    ) -> None:
        self._work = work
        self._keep_seconds = keep_seconds
        self._seconds = seconds
        self._copy: tuple[int, socket.socket] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None

    async def do(self, question: bytes = b"") -> bytes:
        """The answer to a question."""
        async with self._one_at_a_time:
            self._stop_ending()
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await self._ask(question)
            except (OSError, TimeoutError) as error:
                self.close()
                log.warning("a copy of this process gave no answer, so the work is done here: %r", error)
                return self._work(question)
            except BaseException:
                # Its answer would be taken for that to the next question.
                self.close()
                raise
            if self._keep_seconds:
                self._ending = asyncio.get_running_loop().call_later(self._keep_seconds, self.close)
            else:
                self.close()
            return answer

    def close(self) -> None:
        """End the copy, if there is one; the next question makes another."""
        self._stop_ending()
        if self._copy is not None:
            pid, link = self._copy
            self._copy = None
            link.close()
            # It holds nothing that could be lost.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _stop_ending(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    async def _ask(self, question: bytes) -> bytes:
        if self._copy is None:
            self._copy = self._fork()
        link = self._copy[1]
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(link, _LENGTH.pack(len(question)) + question)

        async def read(length: int) -> bytes:
            found = bytearray()
            while len(found) < length:
                piece = await loop.sock_recv(link, min(length - len(found), _LARGEST_PIECE))
                if not piece:
                    raise ConnectionResetError("the copy has ended")
                found += piece
            return bytes(found)

        (length,) = _LENGTH.unpack(await read(_LENGTH.size))
        return await read(length)

    def _fork(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                self._serve(theirs.detach())
            finally:
                # None of what this process would do at its end is the copy's to do.
                os._exit(1)
        theirs.close()
        ours.setblocking(False)
        return pid, ours

    def _serve(self, descriptor: int) -> None:
        """Be the copy: answer until the other end is closed."""
        gc.disable()  # It would touch, and so copy, every page.
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # Else clients would wait for the end of connections that are closed here only.
        os.closerange(3, descriptor)
        os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
        link = socket.socket(fileno=descriptor)
        while head := link.recv(_LENGTH.size, socket.MSG_WAITALL):
            (length,) = _LENGTH.unpack(head)
            question = link.recv(length, socket.MSG_WAITALL) if length else b""
            answer = self._work(question)
            link.sendall(_LENGTH.pack(len(answer)) + answer)
