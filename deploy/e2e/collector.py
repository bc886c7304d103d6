"""A trace collector: takes OTLP over HTTP and keeps the spans."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """Where it listens, and what came: (trace id, name) of every span and what it is linked to, and all of it as text."""

    endpoint: str
    spans: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def traces(self) -> dict[str, set[str]]:
        """The names of the spans of each trace."""
        found: dict[str, set[str]] = {}
        for trace_id, name in self.spans:
            found.setdefault(trace_id, set()).add(name)
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            request = ExportTraceServiceRequest.FromString(body)
            collector.texts.append(str(request))
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        # The span of a batch is linked to the trace of each event in it.
                        traces = {span.trace_id, *(link.trace_id for link in span.links)}
                        collector.spans += [(trace_id.hex(), span.name) for trace_id in traces]
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
