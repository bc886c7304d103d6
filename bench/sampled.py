"""Runs a process of the suite under a sampler: every 2 ms of CPU it notes which layer and which function it is in.

`python -m bench.sampled <file> serve orders …`. SIGUSR1 starts the count anew; at the end the file gets the counts.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from libs.common.runtime.cli import main as serve

INTERVAL = 0.002
UNKNOWN = "event loop, kernel"
# Which part of a path tells the layer; the first that fits counts, and a frame that fits none is its caller's work.
LAYERS: tuple[tuple[str, str | None], ...] = (
    ("/libs/common/runtime/c", None),
    ("/libs/common/runtime/host", None),
    ("/libs/common/messaging/", "messaging"),
    ("/aio_pika/", "messaging"),
    ("/aiormq/", "messaging"),
    ("/pamqp/", "messaging"),
    ("/libs/common/telemetry", "telemetry, metrics"),
    ("/libs/common/metrics", "telemetry, metrics"),
    ("/opentelemetry/", "telemetry, metrics"),
    ("/prometheus_client/", "telemetry, metrics"),
    ("/libs/common/logging", "logging"),
    ("/logging/", "logging"),
    ("/libs/common/jobs/", "jobs"),
    ("/libs/common/runtime/upstreams", "HTTP client"),
    ("/httpx/", "HTTP client"),
    ("/httpcore/", "HTTP client"),
    ("/h11/", "HTTP client"),
    ("/anyio/", "HTTP client"),
    ("/libs/common/http/client", "HTTP client"),
    ("/libs/common/runtime/wire", "HTTP client"),
    ("/libs/common/http/", "HTTP edge of ours"),
    ("/libs/common/db/exchange", "psycopg"),
    ("/libs/common/db/", "unit of work, repositories"),
    ("/fastapi/", "FastAPI, Starlette"),
    ("/starlette/", "FastAPI, Starlette"),
    ("/uvicorn/", "uvicorn"),
    ("/pydantic", "pydantic"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/greenlet/", "SQLAlchemy"),
    ("/psycopg", "psycopg"),
    ("/gateway/", "gateway"),
    ("/services/", "services"),
    ("/libs/", "other libraries of ours"),
)


class Sampler:
    """Counts (layer, function) of the running thread's innermost frame that belongs to a layer."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._layers: dict[str, str | None] = {}

    def start(self) -> None:
        """Begin; CPU time moves the clock, so a process at rest is not sampled."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, lambda *_: self.counts.clear())
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def stop(self) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            path = frame.f_code.co_filename
            if path not in self._layers:
                self._layers[path] = next((name for part, name in LAYERS if part in path), None)
            layer = self._layers[path]
            if layer is not None:
                self.counts[layer, f"{Path(path).stem}.{frame.f_code.co_qualname}"] += 1
                return
            frame = frame.f_back
        self.counts[UNKNOWN, ""] += 1


def main() -> None:
    """Run the command after the file's name, then write the counts."""
    path = Path(sys.argv.pop(1))
    sampler = Sampler()
    sampler.start()
    try:
        serve()
    finally:
        sampler.stop()
        counts = [[layer, function, count] for (layer, function), count in sampler.counts.most_common()]
        path.write_text(json.dumps(counts))


if __name__ == "__main__":
    main()
