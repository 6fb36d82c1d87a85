"""Owns how a broken rule is said: families named by what the caller does next, each with a reason and a field.

Domain and handlers raise these; `services.common.rpc.status` alone turns them into gRPC statuses. A message is written
for the caller and holds no value that the caller or a person entered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks a rule: `path` as the caller wrote it ("offer.texts[0].title"), `rule` in English."""

    path: str
    rule: str


@dataclass(eq=False)
class LotseError(Exception):
    """A refusal with a reason from lotse.errors.v1.ErrorReason, written there without its prefix."""

    reason: str
    message: str
    fields: tuple[FieldViolation, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: float | None = None

    def __str__(self) -> str:
        """Give reason and message; never an entered value."""
        return f"{self.reason}: {self.message}"


class CorrectTheRequest(LotseError):
    """The request can never succeed as it is: mend it (INVALID_ARGUMENT)."""


class ProveWhoYouAre(LotseError):
    """No valid proof of identity came along (UNAUTHENTICATED)."""


class AskForTheRight(LotseError):
    """Known, but not allowed (PERMISSION_DENIED)."""


class CheckTheName(LotseError):
    """Nothing of that name (NOT_FOUND)."""


class ChooseAnother(LotseError):
    """The id or request_id is taken (ALREADY_EXISTS)."""


class ReadAgain(LotseError):
    """Somebody else was faster: read, merge, send again (ABORTED)."""


class MendTheState(LotseError):
    """Something else must be done first (FAILED_PRECONDITION)."""


class SlowDown(LotseError):
    """Too much at once (RESOURCE_EXHAUSTED)."""


class ComeBackLater(LotseError):
    """Our part is missing right now; the same request may succeed later (UNAVAILABLE)."""


class OutOfTime(LotseError):
    """The caller's time is over (DEADLINE_EXCEEDED)."""


def invalid(*violations: tuple[str, str]) -> CorrectTheRequest:
    """Make the error for fields that break rules, all named at once: pairs of path and rule."""
    fields = tuple(FieldViolation(path, rule) for path, rule in violations)
    names = ", ".join(violation.path for violation in fields)
    return CorrectTheRequest("INVALID_FIELD", f"these fields break a rule: {names}", fields)
