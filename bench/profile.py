"""`python -m bench profile checkout`: where the CPU of an order goes, by process and by layer."""

import json
import signal
from collections import Counter
from pathlib import Path

from bench.bench import Bench
from bench.load import Load, offer
from bench.sections.checkout import CONNECTIONS
from libs.common.runtime.registry import NAMES

WORK = {"checkout": "checkout alone", "whole": "the whole path"}
BEGIN, END = "<!-- profile:begin -->", "<!-- profile:end -->"
_COLUMNS = ("gateway", "orders", "catalog", "other services")


def profile(bench: Bench, work: str) -> str:
    """Run orders under the sampler and return a Markdown table of CPU milliseconds for one order."""
    suite = bench.prepare()
    files = {name: suite.folder / f"{name}.samples.json" for name in (*NAMES, "gateway")}
    for name, path in files.items():
        suite.spawn(name, module=("bench.sampled", str(path.absolute())))
    suite.wait_until_ready()
    shops = [shop.to_json() for shop in bench.shops(4)]
    count = bench.options.some(400, 60)
    bench.say("warming up")
    offer(Load(suite.url, "whole", shops, connections=CONNECTIONS, count=count // 2))
    items = shops
    if work == "checkout":
        items = offer(Load(suite.url, "fill", shops, connections=CONNECTIONS, count=count, keep=True)).results
    suite.settle()
    bench.say(f"sampling {count} orders")
    for member in suite.members.values():
        member.process.send_signal(signal.SIGUSR1)
    before = suite.cpu()
    offer(Load(suite.url, work, items, connections=CONNECTIONS, count=count))
    suite.settle()
    cpu = {name: (ms - before[name]) / count for name, ms in suite.cpu().items()}
    suite.stop()
    return _table(work, count, cpu, files)


def _table(work: str, count: int, cpu: dict[str, float], files: dict[str, Path]) -> str:
    by_layer: dict[str, Counter[str]] = {}
    functions: Counter[tuple[str, str, str]] = Counter()
    for name, path in files.items():
        counts = json.loads(path.read_text())
        whole = sum(number for _, _, number in counts) or 1
        column = name if name in _COLUMNS else "other services"
        for layer, function, number in counts:
            ms = cpu[name] * number / whole
            by_layer.setdefault(layer, Counter())[column] += ms
            functions[name, layer, function] += ms
    total = sum(cpu.values())
    lines = [
        f"CPU milliseconds of one order, {WORK[work]}, over {count} orders, events of all consumers included; "
        f"{total:.1f} ms in all. Sampled every 2 ms of CPU; a call into C counts for its caller.",
        "",
        "| Layer | " + " | ".join(_COLUMNS) + " | all | share |",
        "|---|" + "---:|" * (len(_COLUMNS) + 2),
    ]
    rows = sorted(by_layer.items(), key=lambda item: -sum(item[1].values()))
    for layer, columns in rows:
        whole_layer = sum(columns.values())
        cells = [f"{columns[column]:.2f}" for column in _COLUMNS]
        lines.append(f"| {layer} | {' | '.join(cells)} | {whole_layer:.2f} | {whole_layer / total:.0%} |")
    for name in ("postgres", "rabbitmq"):
        lines.append(f"| {name} | | | | | {cpu[name]:.2f} | {cpu[name] / total:.0%} |")
    lines += [
        "",
        "The functions where most of it is spent:",
        "",
        "| Process | Layer | Function | ms |",
        "|---|---|---|---:|",
    ]
    for (name, layer, function), spent in functions.most_common(25):
        lines.append(f"| {name} | {layer} | {f'`{function}`' if function else ''} | {spent:.2f} |")
    return "\n".join(lines)
