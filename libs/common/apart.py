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

from libs.common.errors import Unavailable

log = logging.getLogger("pillars.apart")

_LENGTH = struct.Struct("!Q")
# Whether what follows is the answer or says what went wrong, and how long it is.
_ANSWER = struct.Struct("!?Q")
_LARGEST_PIECE = 1 << 20


class WorkFailed(Exception):
    """The work raised an error in the copy; this is its text."""


class Apart:
    """Does one kind of work, bytes for bytes, in a copy of this process that is forked when there is some.

    The copy is there until it had nothing to do for `keep_seconds`; it answers one question after another. The
    work must need nothing that does not survive a fork: no event loop, no connection, no thread. It is never done
    here: a library that began threads of its own for it would hang in every copy that is made afterwards.
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
        """The answer to a question.

        Raises:
            WorkFailed: the work raised an error.
            Unavailable: it took longer than `seconds`, or two copies ended without an answer.
        """
        async with self._one_at_a_time:
            self._stop_ending()
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._ask_again_if_it_ends(question)
            except WorkFailed:
                raise
            except (OSError, TimeoutError) as error:
                self.close()
                log.warning("a copy of this process gave no answer: %r", error)
                raise Unavailable("What was asked for could not be made now.", retry_after=5) from error
            except BaseException:
                # Its answer would be taken for that to the next question.
                self.close()
                raise
            finally:
                if not self._keep_seconds:
                    self.close()
                elif self._copy is not None:
                    self._ending = asyncio.get_running_loop().call_later(self._keep_seconds, self.close)

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

    async def _ask_again_if_it_ends(self, question: bytes) -> bytes:
        try:
            return await self._ask(question)
        except TimeoutError:
            raise
        except OSError as error:
            # Somebody killed it, as the system does with the largest process where memory runs out.
            log.warning("a copy of this process has ended, so another is asked: %r", error)
            self.close()
            return await self._ask(question)

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

        is_good, length = _ANSWER.unpack(await read(_ANSWER.size))
        said = await read(length)
        if not is_good:
            raise WorkFailed(said.decode())
        return said

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
            try:
                is_good, said = True, self._work(question)
            except Exception as error:
                is_good, said = False, f"{type(error).__name__}: {error}".encode(errors="replace")
            link.sendall(_ANSWER.pack(is_good, len(said)) + said)
