"""Memory for hashes: argon2 works in blocks of ours, which are kept from one hash to the next while there are any.

Taken anew for each hash, every page of a block is faulted in, which costs half as much again as the hash itself.
"""

import ctypes
import mmap
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from argon2 import Parameters
from argon2.exceptions import HashingError
from argon2.low_level import core, error_to_str, ffi

_HUGE_PAGE = 2 << 20
_TAKE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t)
_LEAVE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)


class Block:
    """Room for one hash at a time. Argon2 wipes it before it is done."""

    def __init__(self, kib: int) -> None:
        # Of whole huge pages, the system lays it where they fit.
        size = -(-kib * 1024 // _HUGE_PAGE) * _HUGE_PAGE
        self.memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with suppress(AttributeError, OSError):
            # Where the system has any.
            self.memory.madvise(mmap.MADV_HUGEPAGE)
        # Functions of ctypes need no memory that is both written and run, as those of cffi do: hardened systems refuse it.
        self._take = _TAKE(_lender(ctypes.addressof(ctypes.c_char.from_buffer(self.memory)), size))
        self._leave = _LEAVE(_kept)

    def hash(self, password: bytes, salt: bytes, parameters: Parameters) -> bytes:
        """The bare argon2 hash.

        Raises:
            HashingError: argon2 does not take what it is given.
        """
        out = ffi.new("uint8_t[]", parameters.hash_len)
        # Named, for a pointer in a structure keeps nothing alive.
        secret, grains = ffi.new("uint8_t[]", password), ffi.new("uint8_t[]", salt)
        asked = ffi.new(
            "argon2_context *",
            {
                "out": out,
                "outlen": len(out),
                "pwd": secret,
                "pwdlen": len(password),
                "salt": grains,
                "saltlen": len(salt),
                "t_cost": parameters.time_cost,
                "m_cost": parameters.memory_cost,
                "lanes": parameters.parallelism,
                "threads": parameters.parallelism,
                "version": parameters.version,
                "allocate_cbk": ffi.cast("int (*)(uint8_t **, size_t)", _address(self._take)),
                "free_cbk": ffi.cast("void (*)(uint8_t *, size_t)", _address(self._leave)),
            },
        )
        if failure := core(asked, parameters.type.value):
            raise HashingError(error_to_str(failure))
        return bytes(ffi.buffer(out))


class Blocks:
    """The blocks of a process: as many as are used at once, until they are given back."""

    def __init__(self, kib: int) -> None:
        self._kib = kib
        self._idle: deque[Block] = deque()

    @contextmanager
    def one(self) -> Iterator[Block]:
        """A block for as long as the thread works in it; a coroutine might be cancelled before."""
        try:
            block = self._idle.pop()
        except IndexError:
            block = Block(self._kib)
        try:
            yield block
        finally:
            self._idle.append(block)

    @property
    def idle(self) -> int:
        """How many blocks are kept that nobody works in."""
        return len(self._idle)

    def give_back(self) -> None:
        """Let the system have the memory of all blocks that nobody works in."""
        self._idle.clear()


def _lender(start: int, length: int) -> Callable[[Any, int], int]:
    """What argon2 asks for memory. It does not know its block, which thereby ends as soon as nobody has it."""

    def lend(memory: Any, size: int) -> int:
        # A null pointer says that there is none.
        memory[0] = start if size <= length else None
        return 0

    return lend


def _kept(memory: int, size: int) -> None:
    """What is done where argon2 would free its memory."""


def _address(function: Any) -> int | None:
    return ctypes.c_void_p.from_buffer(function).value
