"""Work in a copy of the process: what it leaves, and that no answer is lost or taken for another."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from libs.common.apart import Apart, WorkFailed
from libs.common.errors import Unavailable
from libs.common.testing.eventually import eventually

SEEN: list[bytes] = []


def remember(question: bytes) -> bytes:
    SEEN.append(question)
    return b"%d:%b" % (os.getpid(), question)


def pid_of(answer: bytes) -> int:
    return int(answer.partition(b":")[0])


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_the_work_leaves_nothing_in_this_process_and_the_copy_ends() -> None:
    answer = await Apart(remember).do(b"what")
    assert answer.endswith(b":what")
    assert SEEN == []
    assert pid_of(answer) != os.getpid()
    assert not is_there(pid_of(answer))


async def test_a_copy_that_is_kept_answers_all_who_ask_and_ends_when_nobody_does() -> None:
    apart = Apart(remember, keep_seconds=0.2)
    questions = [b"%d" % number * 100_000 for number in range(1, 6)]
    answers = await asyncio.gather(*map(apart.do, questions))
    assert [answer.partition(b":")[2] for answer in answers] == questions
    (pid,) = {pid_of(answer) for answer in answers}
    await eventually(lambda: not is_there(pid))
    assert pid_of(await apart.do(b"again")) != pid
    apart.close()


async def test_a_copy_that_died_is_replaced_by_another() -> None:
    apart = Apart(remember, keep_seconds=60)
    pid = pid_of(await apart.do(b"first"))
    os.kill(pid, signal.SIGKILL)
    answer = await apart.do(b"second")
    assert answer.endswith(b":second")
    assert pid_of(answer) not in (pid, os.getpid())
    assert not is_there(pid)
    assert pid_of(await apart.do(b"third")) == pid_of(answer)
    apart.close()
    assert SEEN == []


async def test_work_that_no_copy_survives_is_not_done_here_either() -> None:
    def end(question: bytes) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return question

    with pytest.raises(Unavailable):
        await Apart(end).do()


async def test_work_that_takes_too_long_is_given_up_and_the_next_is_done() -> None:
    def answer(question: bytes) -> bytes:
        if question == b"slow":
            signal.pause()
        return question

    apart = Apart(answer, keep_seconds=60, seconds=0.5)
    with pytest.raises(Unavailable):
        await apart.do(b"slow")
    assert await apart.do(b"other") == b"other"
    apart.close()


async def test_what_the_work_raises_is_told_and_the_copy_goes_on() -> None:
    def work(question: bytes) -> bytes:
        if question == b"bad":
            raise ValueError("it cannot be done")
        return b"%d:" % os.getpid()

    apart = Apart(work, keep_seconds=60)
    pid = pid_of(await apart.do())
    with pytest.raises(WorkFailed, match=r"^ValueError: it cannot be done$"):
        await apart.do(b"bad")
    assert pid_of(await apart.do()) == pid
    apart.close()


async def test_who_gives_up_leaves_no_answer_for_the_next() -> None:
    def answer(question: bytes) -> bytes:
        if question == b"slow":
            signal.pause()
        return question

    apart = Apart(answer, keep_seconds=60)
    assert await apart.do(b"quick") == b"quick"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(apart.do(b"slow"), 0.1)
    assert await apart.do(b"other") == b"other"
    apart.close()


async def test_the_copy_holds_no_connection_of_the_process() -> None:
    def held(_: bytes) -> bytes:
        descriptors = [
            path for number in range(3, 1024) if os.path.lexists(path := f"/proc/self/fd/{number}")
        ]
        return b"\n".join(os.readlink(path).encode() for path in descriptors)

    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        assert len((await Apart(held).do()).splitlines()) == 1
