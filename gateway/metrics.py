"""Prometheus metrics of the edge, few series by design: by service, method and status class."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as render

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counts requests; the children of each series are kept, so that counting costs a dictionary look-up."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        # A registry of its own: several gateways may live in one process.
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pillars_gateway_requests_total",
            "Requests answered at the edge",
            ["service", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "pillars_gateway_request_seconds",
            "Time from the head of the request to the end of the answer",
            ["service"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self._registry,
        )
        # A number of our own: a gauge takes a lock for each step.
        self.in_flight = 0
        Gauge(
            "pillars_gateway_requests_in_flight", "Requests being answered", registry=self._registry
        ).set_function(lambda: self.in_flight)
        self.is_certain = Gauge(
            "pillars_gateway_access_certain",
            "Whether the gateway is certain to hear of changed rights (1), or asks for them every second (0)",
            registry=self._registry,
        )
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def observe(self, service: str, method: str, status: int, seconds: float) -> None:
        """Count one request. Status 0 is a client that left before the answer began."""
        key = (service, method, status // 100)
        counter = self._counters.get(key)
        if counter is None:
            label = f"{status // 100}xx" if status else "gone"
            counter = self._requests.labels(service, method if method in _METHODS else "other", label)
            if method in _METHODS:
                self._counters[key] = counter
        counter.inc()
        timer = self._timers.get(service)
        if timer is None:
            timer = self._timers[service] = self._seconds.labels(service)
        timer.observe(seconds)

    def render(self) -> bytes:
        """The text form, with what else the process measures."""
        return render(self._registry) + render(REGISTRY)
