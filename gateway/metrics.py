"""Prometheus metrics of the edge, few series by design: by service, method and status class."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge
from prometheus_client import generate_latest as render
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLASSES = ("gone", "1xx", "2xx", "3xx", "4xx", "5xx")
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(slots=True)
class _Seconds:
    """How long the requests of one service took; `counts` by bucket, the last one for all that took longer."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS) + 1))
    total: float = 0.0


class Metrics:
    """Counts requests in plain numbers, which are read when somebody asks: the library's own take a lock for each step."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        # A registry of its own: several gateways may live in one process.
        self._registry = CollectorRegistry()
        self._requests: dict[tuple[str, str, str], int] = {}
        self._seconds: dict[str, _Seconds] = {}
        self._registry.register(self)
        self.in_flight = 0
        Gauge(
            "pillars_gateway_requests_in_flight", "Requests being answered", registry=self._registry
        ).set_function(lambda: self.in_flight)
        self.is_certain = Gauge(
            "pillars_gateway_access_certain",
            "Whether the gateway is certain to hear of changed rights (1), or asks for them every second (0)",
            registry=self._registry,
        )

    def observe(self, service: str, method: str, status: int, seconds: float) -> None:
        """Count one request. Status 0 is a client that left before the answer began."""
        key = (service, method if method in _METHODS else "other", _CLASSES[status // 100])
        self._requests[key] = self._requests.get(key, 0) + 1
        taken = self._seconds.get(service)
        if taken is None:
            taken = self._seconds[service] = _Seconds()
        taken.counts[bisect_left(_BUCKETS, seconds)] += 1
        taken.total += seconds

    def collect(self) -> Iterator[Metric]:
        """What the registry shows of them."""
        requests = CounterMetricFamily(
            "pillars_gateway_requests_total",
            "Requests answered at the edge",
            labels=["service", "method", "status"],
        )
        for key, count in self._requests.items():
            requests.add_metric(key, count)
        yield requests
        seconds = HistogramMetricFamily(
            "pillars_gateway_request_seconds",
            "Time from the head of the request to the end of the answer",
            labels=["service"],
        )
        for service, taken in self._seconds.items():
            names = (*(str(float(bound)) for bound in _BUCKETS), "+Inf")
            seconds.add_metric(
                [service], list(zip(names, accumulate(taken.counts), strict=True)), taken.total
            )
        yield seconds

    def render(self) -> bytes:
        """The text form, with what else the process measures."""
        return render(self._registry) + render(REGISTRY)
