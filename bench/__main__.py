"""`python -m bench`: measure, print the table, write the JSON."""

import argparse
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bench.bench import Bench, Options
from bench.machine import describe
from bench.profile import BEGIN as PROFILE_BEGIN
from bench.profile import END as PROFILE_END
from bench.profile import profile
from bench.report import Row, joined, markdown, replace_between, show, write_json

SECTIONS = ("gateway", "checkout", "sign_in", "audit", "events", "scale_out", "memory", "lists", "forecasts")


def main() -> None:
    """Read the options and run the sections."""
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog="With make: make bench ONLY=checkout,gateway RUNS=3 QUICK=1 SOAK=600 WRITE=docs/performance.md",
    )
    parser.add_argument(
        "command",
        nargs="*",
        default=["run"],
        help="run, or: profile checkout, profile whole (where the CPU goes), table RESULT… (of earlier runs)",
    )
    parser.add_argument("--only", default="", help=f"sections, comma-separated, of {', '.join(SECTIONS)}")
    parser.add_argument("--runs", type=int, default=0, help="runs of each figure (3; 1 with --quick)")
    parser.add_argument(
        "--quick", action="store_true", help="small and short: shows that it works, not how fast"
    )
    parser.add_argument("--soak", type=float, default=600, help="seconds of the soak in the section memory")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Options().folder,
        help="where its servers keep their files (.pillars/bench); in memory, /dev/shm/bench, nothing waits for a disk",
    )
    parser.add_argument("--json", type=Path, help="where the JSON goes (bench/results/<time>.json)")
    parser.add_argument("--write", type=Path, help="a document to put the table into, between its marks")
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name] or list(SECTIONS)
    if unknown := set(only) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    options = Options(
        runs=given.runs or (1 if given.quick else 3),
        quick=given.quick,
        soak=20 if given.quick else given.soak,
        folder=given.folder,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=None if Console().is_terminal else 200)
    machine = describe(options.folder)
    if given.command[0] == "profile":
        _profile(Bench(options, console), given.command[1:], given.write)
        return
    if given.command[0] == "table":
        text = joined([Path(name) for name in given.command[1:]])
        if given.write:
            replace_between(given.write, text)
        else:
            console.print(text, soft_wrap=True, highlight=False, markup=False)
        return
    rows: list[Row] = []
    bench = Bench(options, console)
    began = time.monotonic()
    failed: list[str] = []
    try:
        for name in only:
            bench.say(f"[bold]{name}[/]")
            try:
                rows += import_module(f"bench.sections.{name}").measure(bench)
            except Exception:
                # What the others found is not lost.
                traceback.print_exc()
                failed.append(name)
                bench.close()
    finally:
        bench.close()
    show(rows, machine, console)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    path = given.json or Path(f"bench/results/{stamp}.json")
    used = {"runs": options.runs, "quick": options.quick, "only": only}
    write_json(path, rows, machine, {**used, "seconds": round(time.monotonic() - began)})
    console.print(f"\nwritten to {path}")
    if given.write:
        text = markdown(rows, machine)
        for plot in sorted(options.plots.glob("*.svg")):
            text += f"\n\n![{plot.stem}]({options.plots.name}/{plot.name})"
        replace_between(given.write, text)
    if failed:
        console.print(f"[red]not measured: {', '.join(failed)}[/]")
        sys.exit(1)


def _profile(bench: Bench, works: list[str], document: Path | None) -> None:
    try:
        text = profile(bench, *(works or ["checkout"]))
    finally:
        bench.close()
    bench.console.print(text, soft_wrap=True, highlight=False, markup=False)
    if document:
        replace_between(document, text, PROFILE_BEGIN, PROFILE_END)


if __name__ == "__main__":
    main()
