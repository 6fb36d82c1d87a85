"""Owns the figures about calls: how many and how long, by method and code.

Labels are the methods that this server has and gRPC's code names, so their number is fixed whatever callers send.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class CallMetrics:
    """Counts calls in a registry; one object serves all servers of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter("lotse_rpc_calls", "Calls answered.", ("method", "code"), registry=registry)
        self._seconds = Histogram(
            "lotse_rpc_seconds",
            "Seconds from the first byte to the answer.",
            ("method", "code"),
            buckets=_SECONDS,
            registry=registry,
        )

    def count(self, method: str, code: str, seconds: float) -> None:
        """Count one answered call, e.g. ("/lotse.directory.v1.DirectoryService/GetOffer", "OK", 0.004)."""
        self._calls.labels(method, code).inc()
        self._seconds.labels(method, code).observe(seconds)
