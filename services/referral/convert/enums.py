"""Owns how an enum of the contract and one of the domain say the same: the contract's prefix is left out."""

from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.descriptor import EnumDescriptor

Member = TypeVar("Member", bound=StrEnum)


def number_of(member: StrEnum, descriptor: EnumDescriptor) -> Any:
    """Give a member's number in the contract."""
    return descriptor.values_by_name[_prefix(descriptor) + member.name].number


def member_of(kind: type[Member], descriptor: EnumDescriptor, number: int) -> Member:
    """Give the member of a number; UNSPECIFIED for one that this version of the contract does not know."""
    value = descriptor.values_by_number.get(number)
    name = "UNSPECIFIED" if value is None else value.name.removeprefix(_prefix(descriptor))
    return kind.__members__.get(name, kind["UNSPECIFIED"])


def _prefix(descriptor: EnumDescriptor) -> str:
    return descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
