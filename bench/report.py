"""The table: each figure beside its baseline, its ratio and the target it has to meet."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.machine import sentence
from bench.stats import Sample

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass(frozen=True, slots=True)
class Target:
    """What the figure (or `of="ratio"` to the baseline) shall be at least or at most."""

    limit: float
    is_least: bool
    of: str = "figure"

    def __str__(self) -> str:
        sign = "≥" if self.is_least else "≤"
        return f"{sign} {_number(self.limit)}{' × baseline' if self.of == 'ratio' else ''}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """The inverse of `str`."""
        sign, limit, *rest = text.split(" ", 2)
        return cls(float(limit.replace(",", "")), sign == "≥", "ratio" if rest else "figure")


def least(limit: float, of: str = "figure") -> Target:
    """At least so much."""
    return Target(limit, is_least=True, of=of)


def most(limit: float, of: str = "figure") -> Target:
    """At most so much."""
    return Target(limit, is_least=False, of=of)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `baseline` is the same thing done barely, measured in the same run; `note` says what it is."""

    section: str
    name: str
    unit: str
    figure: Sample
    baseline: Sample | None = None
    note: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> Sample | None:
        """Figure to baseline, run by run."""
        if self.baseline is None:
            return None
        if len(self.baseline.values) != len(self.figure.values):
            return Sample.of([self.figure.median / self.baseline.median])
        return self.figure / self.baseline

    @property
    def verdict(self) -> str:
        """`ok`, `miss`, or nothing where there is no target."""
        if self.target is None:
            return ""
        judged = self.ratio if self.target.of == "ratio" else self.figure
        if judged is None:
            return ""
        value = judged.median
        holds = value >= self.target.limit if self.target.is_least else value <= self.target.limit
        return "ok" if holds else "miss"

    def to_json(self) -> dict[str, Any]:
        """Every run, for other tools."""
        return {
            "section": self.section,
            "name": self.name,
            "unit": self.unit,
            "figure": self.figure.median,
            "runs": list(self.figure.values),
            "baseline": self.baseline and self.baseline.median,
            "baseline_runs": self.baseline and list(self.baseline.values),
            "ratio": self.ratio and self.ratio.median,
            "target": self.target and str(self.target),
            "verdict": self.verdict or None,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Row":
        """The inverse of `to_json`."""
        return cls(
            raw["section"],
            raw["name"],
            raw["unit"],
            Sample.of(raw["runs"]),
            Sample.of(raw["baseline_runs"]) if raw["baseline_runs"] else None,
            raw["note"],
            Target.parse(raw["target"]) if raw["target"] else None,
        )

    def cells(self) -> list[str]:
        """The row as text."""
        return [
            self.section,
            self.name,
            _cell(self.figure, self.unit),
            _cell(self.baseline, self.unit) if self.baseline else "",
            _number(self.ratio.median) + " ×" if self.ratio else "",
            str(self.target) if self.target else "",
            self.verdict,
            self.note,
        ]


HEADINGS = [
    "Section",
    "What",
    "Figure (least … most)",
    "Baseline",
    "Ratio",
    "Target",
    "",
    "Baseline is / note",
]


def show(rows: Sequence[Row], machine: dict[str, Any], console: Console) -> None:
    """Print the table."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    section = ""
    for row in rows:
        cells = row.cells()
        if row.section != section and section:
            table.add_section()
        cells[0], section = ("" if row.section == section else row.section), row.section
        colour = {"ok": "green", "miss": "red"}.get(row.verdict)
        cells[6] = f"[{colour}]{row.verdict}[/]" if colour else ""
        table.add_row(*cells)
    console.print(f"\n[bold]{sentence(machine)}[/]\n", soft_wrap=True)
    console.print(table)


def joined(paths: Sequence[Path]) -> str:
    """The tables of several results, each with its machine and time, for a document."""
    parts = []
    for path in paths:
        result = json.loads(path.read_text())
        parts.append(markdown([Row.from_json(raw) for raw in result["rows"]], result["machine"]))
    return "\n\n".join(parts)


def markdown(rows: Sequence[Row], machine: dict[str, Any]) -> str:
    """The table for a document."""
    lines = [sentence(machine) + ".", "", "| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def write_json(path: Path, rows: Sequence[Row], machine: dict[str, Any], options: dict[str, Any]) -> None:
    """Everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "options": options, "rows": [row.to_json() for row in rows]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def replace_between(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put a text between the marks of a document.

    Raises:
        ValueError: the marks are not there.
    """
    document = path.read_text()
    before, found, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{path} has no {begin} … {end}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def _cell(sample: Sample, unit: str) -> str:
    low, high = sample.spread
    text = f"{_number(sample.median)} {unit}"
    return text if len(sample.values) == 1 else f"{text} ({_number(low)} … {_number(high)})"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
