"""Owns the reasons for which a message cannot be applied, now or later."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message is parked: the names of lotse.federation.v1.ParkReason without their prefix."""

    MALFORMED = "MALFORMED"
    SCHEMA_NEWER = "SCHEMA_NEWER"
    SUBJECT_MISMATCH = "SUBJECT_MISMATCH"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    BODY_INVALID = "BODY_INVALID"
    KIND_UNKNOWN = "KIND_UNKNOWN"
    NOT_INDEXABLE = "NOT_INDEXABLE"


FORGERIES = frozenset({Reason.SUBJECT_MISMATCH, Reason.KEY_UNKNOWN, Reason.SIGNATURE_INVALID})
"""Reasons that honest software never causes: each one is an alarm, not only a parked row."""


class Refused(Exception):
    """A message can never be applied as it is; `reason` says why. Its text holds nothing of the message."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
