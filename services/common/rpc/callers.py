"""Owns who a caller is: a region, a role and a name, as the node's operator wrote them into a token."""

from dataclasses import dataclass
from enum import StrEnum

from services.common.names import RegionId


class Role(StrEnum):
    """What somebody is to a node (architecture.md, "Who may call")."""

    EDITOR = "editor"
    COUNSELLOR = "counsellor"
    HOTLINE = "hotline"
    COORDINATOR = "coordinator"
    READER = "reader"
    OPERATOR = "operator"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the region it belongs to, its role, and the name that its token was given."""

    region: RegionId
    role: Role
    name: str

    def __str__(self) -> str:
        """Give one key for quotas and stored answers: "dresden/editor/console"."""
        return f"{self.region}/{self.role}/{self.name}"
