"""Owns when a reader's copies are right: exactly the owner's last publication, and nothing else."""

from collections.abc import Iterator, Mapping

from tests.support.storm.facts import Copy, Owned, Reader
from tests.support.storm.findings import Fault, Finding, finding
from tests.support.storm.history import Place


def check_reader(reader: Reader, owned: Mapping[Place, Owned]) -> Iterator[Finding]:
    """Compare one search with all owners."""
    offers = {place: record for place, record in owned.items() if place[1] == "offer"}
    yield from _check_copies(f"{reader.name} books", reader.books, owned)
    yield from _check_copies(f"{reader.name} engine", reader.engine, offers)
    for place, record in offers.items():
        yield from _check_answer(reader, record, reader.answers.get(place))
    yield from _check_found(reader, offers)


def _check_copies(where: str, copies: Mapping[Place, Copy], owned: Mapping[Place, Owned]) -> Iterator[Finding]:
    for place, record in owned.items():
        copy = copies.get(place)
        if copy is None:
            if record.version:
                yield finding(Fault.LOST, place, f"{where} has no version of it, its owner published {record.version}")
        else:
            yield from _check_copy(where, copy, record)
    for place in copies.keys() - owned.keys():
        yield finding(Fault.DIFFERENT, place, f"{where} has it, no owner does")


def _check_copy(where: str, copy: Copy, record: Owned) -> Iterator[Finding]:
    versions = f"{where} has version {copy.version}, its owner published {record.version}"
    if not copy.deleted and not record.public:
        yield finding(_shown(record), record.place, f"{versions}, which is not public")
    elif copy.version != record.version:
        yield finding(Fault.OLD if copy.version < record.version else Fault.DIFFERENT, record.place, versions)
    elif copy.deleted and record.public:
        yield finding(Fault.LOST, record.place, f"{where} holds it for deleted")
    elif copy.entry != record.entry and record.place[1] == "offer":
        yield finding(Fault.DIFFERENT, record.place, f"{where} has another entry than its owner's rows make")


def _check_answer(reader: Reader, record: Owned, answer: bytes | None) -> Iterator[Finding]:
    if answer is None:
        if record.public:
            yield finding(Fault.LOST, record.place, f"{reader.name} GetOffer does not know it")
    elif not record.public:
        yield finding(_shown(record), record.place, f"{reader.name} GetOffer shows it")
    elif answer != record.entry:
        yield finding(Fault.DIFFERENT, record.place, f"{reader.name} GetOffer shows another entry")


def _check_found(reader: Reader, offers: Mapping[Place, Owned]) -> Iterator[Finding]:
    searchable = {place for place, record in offers.items() if record.searchable}
    for place in reader.found - searchable:
        yield finding(_shown(offers.get(place)), place, f"{reader.name} SearchOffers finds it")
    if len(reader.found) >= reader.found_total:  # else it paged through the best hits only
        for place in searchable - reader.found:
            yield finding(Fault.LOST, place, f"{reader.name} SearchOffers does not find it")
    if reader.found_total != len(searchable):
        fault = Fault.LOST if reader.found_total < len(searchable) else Fault.DIFFERENT
        seen = f"{reader.name} SearchOffers counts {reader.found_total} offers, {len(searchable)} can be found"
        yield Finding(fault, "all offers", seen)


def _shown(record: Owned | None) -> Fault:
    """Name what it is when something is shown that should not be: it was deleted, or never to be shown."""
    return Fault.REVIVED if record is not None and record.gone else Fault.DIFFERENT
