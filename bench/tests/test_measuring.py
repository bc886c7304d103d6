"""The tools that measure: an error here would be an error in every figure."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from statistics import median

import pytest

from bench.bare import renamed, uuids
from bench.capture import Statement, _transactions
from bench.disk import Disk, waits_of
from bench.indistinguishable import rank_test, resolution
from bench.load import Load, LoadFailed, offer
from bench.machine import describe
from bench.report import Row, joined, least, markdown, most, replace_between, write_json
from bench.stats import Sample, percentile

STALL = 0.6


class Server:
    """Answers at once, but the first request after `STALL` seconds; `status` is what it answers with."""

    def __init__(self) -> None:
        self.status = b"200 OK"
        self.seen = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.seen += 1
                if self.seen == 1:
                    await asyncio.sleep(STALL)
                writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield made
    listening.close()


async def test_an_open_loop_charges_a_stall_to_all_who_waited(server: Server) -> None:
    load = Load(server.url, "get", [{"path": "/"}], connections=1, seconds=1, rate=100)
    seen = await asyncio.to_thread(offer, load)
    assert seen.count == 100
    # Sixty requests came due during the stall: the one in the middle of all waited for a tenth of a second or more.
    assert seen.p50 >= 50
    assert seen.worst >= STALL * 1000


async def test_a_closed_loop_sends_when_it_was_answered_and_counts_what_it_sent(server: Server) -> None:
    seen = await asyncio.to_thread(offer, Load(server.url, "get", [{"path": "/"}], connections=1, count=50))
    assert seen.count == server.seen == 50
    assert seen.p50 < STALL * 1000 / 2 < seen.worst


async def test_a_flood_sends_anew_on_each_connection_until_its_time_is_over(server: Server) -> None:
    load = Load(server.url, "flood", [{"path": "/"}], connections=2, seconds=0.3)
    seen = await asyncio.to_thread(offer, load)
    assert seen.count == server.seen > 2


@pytest.mark.parametrize("work", ["get", "flood"])
async def test_refused_requests_are_no_figure(server: Server, work: str) -> None:
    server.status = b"503 Service Unavailable"
    load = Load(server.url, work, [{"path": "/"}], connections=1, seconds=0.1)
    with pytest.raises(LoadFailed, match="failed"):
        await asyncio.to_thread(offer, load)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (50, 99, 100)
    assert percentile([7.0], 0.99) == 7


def test_a_ratio_is_taken_run_by_run() -> None:
    # The machine was half as fast in the second run; figure and baseline both felt it.
    row = Row("s", "n", "1/s", Sample.of([10, 4, 12]), Sample.of([100, 40, 80]))
    assert row.ratio is not None
    assert row.ratio.median == pytest.approx(0.1)
    assert row.ratio.spread == pytest.approx((0.1, 0.15))


@pytest.mark.parametrize(
    ("figure", "baseline", "target", "verdict"),
    [
        (26, 100, least(0.25, "ratio"), "ok"),
        (24, 100, least(0.25, "ratio"), "miss"),
        (16.1, 1, most(16, "ratio"), "miss"),
        (4.9, None, most(5), "ok"),
        (5.1, None, most(5), "miss"),
        (5.1, 2, None, ""),
    ],
)
def test_a_row_says_whether_it_meets_its_target(
    figure: float, baseline: float | None, target: object, verdict: str
) -> None:
    beside = None if baseline is None else Sample.of([baseline])
    assert Row("s", "n", "ms", Sample.of([figure]), beside, target=target).verdict == verdict  # type: ignore[arg-type]


def test_a_document_keeps_what_is_outside_of_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n")
    replace_between(path, "new")
    assert path.read_text() == "before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n"
    with pytest.raises(ValueError, match="has no"):
        replace_between(path, "new", "<!-- other -->")


LOG = """2026-01-01 00:00:00.000 UTC [7] LOG:  statement: BEGIN
2026-01-01 00:00:00.000 UTC [8] LOG:  execute <unnamed>: SELECT 1 WHERE $1 = 'x'
2026-01-01 00:00:00.000 UTC [8] DETAIL:  Parameters: $1 = 'x'
2026-01-01 00:00:00.001 UTC [7] LOG:  execute _pg3_0: INSERT INTO t (a, b)
\tVALUES ($1, $2)
2026-01-01 00:00:00.001 UTC [7] DETAIL:  Parameters: $1 = 'it''s, $2 = 3', $2 = NULL
2026-01-01 00:00:00.002 UTC [9] LOG:  statement: BEGIN
2026-01-01 00:00:00.002 UTC [9] LOG:  statement: DELETE FROM t
2026-01-01 00:00:00.002 UTC [9] LOG:  statement: ROLLBACK
2026-01-01 00:00:00.003 UTC [7] LOG:  statement: COMMIT
"""


def test_the_log_gives_the_transactions_that_were_committed_with_their_parameters() -> None:
    found = {
        t.application: t.statements for t in _transactions(LOG, {"7": "writer", "8": "reader", "9": "other"})
    }
    insert = Statement("INSERT INTO t (a, b)\nVALUES ($1, $2)", ("it's, $2 = 3", None))
    assert found == {"writer": (insert,), "reader": (Statement("SELECT 1 WHERE $1 = 'x'", ("x",)),)}
    assert insert.is_change


def test_another_order_has_ids_of_its_own_that_keep_their_order_and_those_of_others() -> None:
    own, other = "01a1fd2a-4d71-70a2-ae0a-c7625957c685", "01a1fd2a-3a62-74ee-81b7-1f486559e2cf"
    text = f'{{"order": "{own}", "tenant": "{other}", "number": "O-000003"}}'
    copies = [renamed(text, frozenset({own}), number) for number in (1, 2, 70_000)]
    assert all(other in copy and own not in copy and len(copy) == len(text) for copy in copies)
    ids = [min(uuids(copy) - {other}) for copy in copies]
    assert ids == sorted(set(ids))
    assert len({copy[copy.index("O-") :] for copy in copies}) == 3


def test_a_table_can_be_made_of_the_results_of_earlier_runs(tmp_path: Path) -> None:
    machine = {**describe(tmp_path), "commit": "abc"}
    rows = [
        Row(
            "checkout",
            "rate",
            "orders/s",
            Sample.of([2000, 3000]),
            Sample.of([4000, 4000]),
            "n",
            least(0.25, "ratio"),
        ),
        Row("events", "drained", "events/s", Sample.of([5000]), target=least(4000)),
        Row("events", "p99", "ms", Sample.of([50])),
    ]
    path = tmp_path / "result.json"
    write_json(path, rows, machine, {})
    assert joined([path, path]) == "\n\n".join([markdown(rows, machine)] * 2)
    assert [row.verdict for row in rows] == ["ok", "ok", ""]


def test_the_machine_says_what_holds_its_files(tmp_path: Path) -> None:
    held, ours = describe(Path("/proc/self/fd"))["files"], describe(tmp_path / "not there yet")["files"]
    assert held == "proc"
    assert ours not in ("proc", "unknown")


def test_the_rank_test_tells_what_differs_and_nothing_else() -> None:
    even, odd = [n / 100 for n in range(0, 400, 2)], [n / 100 for n in range(1, 401, 2)]

    assert rank_test(even, odd) > 0.5
    assert rank_test(even, [value + 0.5 for value in odd]) < 0.01
    assert rank_test([value + 0.5 for value in even], odd) < 0.01
    # One slow answer in a hundred is noise, not a difference.
    assert rank_test(even, [*odd[:-2], 90.0, 80.0]) > 0.5
    assert rank_test([1.0] * 20, [1.0] * 20) == 1.0
    # Five against five that lie apart: u is 0, z is 12.5 less a half over its spread.
    assert abs(rank_test([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) - 0.0122) < 0.0005


def test_what_the_rank_test_would_have_found_is_found_when_it_is_there() -> None:
    noise = Random(11)
    first, second = ([noise.gauss(20, 2) for _ in range(400)] for _ in range(2))

    found = resolution(first, second, 0.01)

    # Of noise of 2 ms the test sees 2.58 times 2 ms times the root of 2/400, about.
    assert 0.2 < found < 0.6
    still = [value + median(first) - median(second) for value in second]
    assert rank_test([value + found for value in first], still) < 0.01
    assert rank_test([value + found * 0.9 for value in first], still) > 0.01
    assert resolution([1.0] * 20, [1.0] * 20, 0.01) <= 0.01


def test_the_disk_is_asked_while_something_else_is_measured(tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        while not list(tmp_path.iterdir()):
            pass

    assert 0 < disk.wait(0.5) <= disk.wait(1)
    assert not list(tmp_path.iterdir())


def test_a_flush_that_takes_long_keeps_all_waiting_who_come_meanwhile() -> None:
    assert waits_of(0.004) == [0.004]
    assert [round(wait, 3) for wait in waits_of(0.035)] == [0.035, 0.025, 0.015, 0.005]
