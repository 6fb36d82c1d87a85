"""Shows operators how reading goes: what waits, what was applied, what was set aside, by stream."""

from collections.abc import Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from services.common.messaging.consumer import CatalogReader


def show_readers(readers: Mapping[str, CatalogReader], registry: CollectorRegistry) -> None:
    """Add gauges that ask the readers at each scrape: `lotse_reader_pending`, `_applied`, `_parked`, `_trouble`."""
    pending = Gauge("lotse_reader_pending", "Messages not delivered yet; -1 unknown.", ("stream",), registry=registry)
    applied = Gauge("lotse_reader_applied", "Messages applied since the start.", ("stream",), registry=registry)
    parked = Gauge("lotse_reader_parked", "Messages set aside since the start.", ("stream",), registry=registry)
    trouble = Gauge("lotse_reader_trouble", "1 while it cannot read.", ("stream",), registry=registry)
    for stream, reader in readers.items():
        pending.labels(stream).set_function(partial(_pending, reader))
        applied.labels(stream).set_function(partial(_applied, reader))
        parked.labels(stream).set_function(partial(_parked, reader))
        trouble.labels(stream).set_function(partial(_trouble, reader))


def _pending(reader: CatalogReader) -> float:
    count = reader.state.pending
    return -1.0 if count is None else float(count)


def _applied(reader: CatalogReader) -> float:
    return float(reader.state.applied)


def _parked(reader: CatalogReader) -> float:
    return float(reader.state.parked)


def _trouble(reader: CatalogReader) -> float:
    return float(reader.state.trouble is not None)
