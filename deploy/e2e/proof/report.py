"""What a run did and found, for people and as JSON."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Report:
    """The figures of one run. `breaches` must be empty; all else says what was done to get there."""

    seed: int
    repeat: str
    seconds: float = 0.0
    killed: dict[str, int] = field(default_factory=dict)
    steps_reached: list[str] = field(default_factory=list)
    steps_missed: list[str] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    connections_reset: int = 0
    webhooks: dict[str, int] = field(default_factory=dict)
    buyers: int = 0
    orders: dict[str, int] = field(default_factory=dict)
    registrations: dict[str, int] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)
    events: int = 0
    events_handled: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    retries: dict[str, int] = field(default_factory=dict)
    gave_up: dict[str, int] = field(default_factory=dict)
    slowest_request: tuple[float, str] = (0.0, "")
    slowest_recoveries: list[str] = field(default_factory=list)
    recoveries_over_5_s: list[str] = field(default_factory=list)
    drained_seconds: float = 0.0
    scenarios: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=2))

    def show(self, console: Console) -> None:
        """As a table."""
        table = Table(show_header=False, title="The proof under failure", title_justify="left")
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        steps = len(self.steps_reached) + len(self.steps_missed)
        rows = {
            "seed": str(self.seed),
            "ran for": f"{self.seconds:.0f} s, drained within {self.drained_seconds:.1f} s",
            "killed with -9": f"{sum(self.killed.values())}: {_list(self.killed)}",
            "died at named steps": f"{len(self.steps_reached)} of {steps}: {', '.join(self.steps_reached) or 'none'}",
            "connections broken": f"{_list(self.broken)}; {self.connections_reset} reset",
            "webhooks": _list(self.webhooks),
            "orders": f"{_list(self.orders)}, by {self.buyers} buyers at once",
            "registrations": _list(self.registrations),
            "subscriptions and customers": _list(self.subscriptions),
            "events": f"{self.events} events, handled {self.events_handled} times",
            "answers": _list(self.answers),
            "tried again": _list(self.retries),
            "slowest request": f"{self.slowest_request[0]:.1f} s {self.slowest_request[1]}",
            "slowest recovery": ", ".join(self.slowest_recoveries),
            "over 5 s after its server was back": ", ".join(self.recoveries_over_5_s),
        }
        for name, figures in self.scenarios.items():
            rows[name] = _list(figures)
        if self.notes:
            rows["seen beside"] = _list(self.notes)
        if self.steps_missed:
            rows["steps nobody came to"] = ", ".join(self.steps_missed)
        if self.gave_up:
            rows["gave up"] = _list(self.gave_up)
        for name, text in rows.items():
            if text.strip("; 0:"):
                table.add_row(name, text)
        console.print(table)
        if self.breaches:
            console.print(f"[bold red]{len(self.breaches)} breaches[/]")
            for text in self.breaches[:50]:
                console.print(f"  [red]✗[/] {text}", soft_wrap=True, markup=True)
            console.print(f"\nseed {self.seed}; to repeat: [bold]{self.repeat}[/]", soft_wrap=True)
        else:
            console.print("[bold green]breaches 0[/]")


def _list(figures: "dict[str, Any] | Counter[str]") -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items() if value or value == 0)
