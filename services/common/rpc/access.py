"""Guarantees that no method is reachable without a row that says who may call it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.common.errors import AskForTheRight
from services.common.names import RegionId
from services.common.rpc.callers import Caller, Role
from services.common.settings import StartupError


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a method: these roles; "own" = only callers and names of this node's region, "any" = all regions."""

    roles: frozenset[Role]
    region: Literal["own", "any"] = "own"


AccessTable = Mapping[str, Access]
"""Method path ("/lotse.directory.v1.DirectoryService/GetOffer") to its row."""

EVERYBODY = frozenset(Role)
"""All roles."""


def rows(service: str, access: Access, *methods: str) -> dict[str, Access]:
    """Give the same access to several methods of a service: `rows("lotse…Service", Access(…), "GetOffer", …)`."""
    return {f"/{service}/{method}": access for method in methods}


def check_table(table: AccessTable, methods: Iterable[str]) -> None:
    """Raise StartupError naming every method without a row and every row without a method."""
    known = set(methods)
    problems = [f"method without an access row: {path}" for path in sorted(known - table.keys())]
    problems += [f"access row without a method: {path}" for path in sorted(table.keys() - known)]
    if problems:
        raise StartupError(*problems)


def authorise(access: Access, caller: Caller, own_region: RegionId) -> None:
    """Raise ROLE_NOT_ALLOWED or FOREIGN_REGION unless the caller may use the method at all."""
    if caller.role not in access.roles:
        raise AskForTheRight("ROLE_NOT_ALLOWED", "the caller's role may not use this method")
    if access.region == "own" and caller.region != own_region:
        raise _foreign()


def authorise_names(access: Access, request: Message, own_region: RegionId) -> None:
    """Raise FOREIGN_REGION when the request names a record of another region, before anybody looks for the record."""
    if access.region == "any":
        return
    name = named_record(request)
    if name.startswith("regions/") and name.split("/")[1] != own_region:
        raise _foreign()


def named_record(request: Message) -> str:
    """Give what a request is about (AIP-131 to 136): its `name`, `parent`, or its one resource's `name`; else ""."""
    fields = request.DESCRIPTOR.fields_by_name
    for own in ("name", "parent"):
        if own in fields and fields[own].type == FieldDescriptor.TYPE_STRING:
            return str(getattr(request, own))
    for descriptor in fields.values():
        if descriptor.message_type is not None and not descriptor.is_repeated:
            inner = descriptor.message_type.fields_by_name.get("name")
            if inner is not None and inner.type == FieldDescriptor.TYPE_STRING:
                return str(getattr(request, descriptor.name).name)
    return ""


def _foreign() -> AskForTheRight:
    return AskForTheRight("FOREIGN_REGION", "the caller may not act on that region")
