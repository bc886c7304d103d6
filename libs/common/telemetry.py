"""OpenTelemetry traces: one request can be followed through gateway, service, bus and consumers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from libs.common.settings import CommonSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_propagator = TraceContextTextMapPropagator()
_is_on = False


def configure_tracing(
    settings: CommonSettings, process: str, exporter: "SpanExporter | None" = None
) -> "TracerProvider | None":
    """Install a tracer provider when there is somewhere to send spans; otherwise tracing stays a no-op."""
    if exporter is None:
        if not settings.trace_endpoint:
            return None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=settings.trace_endpoint.rstrip("/") + "/v1/traces")
    # Only now: a process that sends no traces does without the machinery.
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        resource=Resource.create({"service.name": f"pillars-{process}"}),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    global _is_on
    _is_on = True
    return provider


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    traceparent: str | None = None,
    links: Sequence[str] = (),
    **attributes: str | int | float | bool,
) -> Iterator[Span]:
    """A span, continuing the trace in a `traceparent` where one is given, or linked to those of several."""
    if not (_is_on or traceparent or trace.get_current_span().get_span_context().is_valid):
        # Nobody listens, and there is no trace to carry on.
        yield trace.INVALID_SPAN
        return
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    linked = [Link(_span_context(given)) for given in links] or None
    tracer = trace.get_tracer("pillars")
    with tracer.start_as_current_span(
        name, context=parent, kind=kind, attributes=attributes, links=linked
    ) as current:
        yield current


def _span_context(traceparent: str) -> SpanContext:
    return trace.get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context()


def current_traceparent() -> str | None:
    """The W3C traceparent of the running span, or None outside one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The id of the running trace as 32 hex digits, or None outside one."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
