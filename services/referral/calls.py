"""Owns how a call becomes a use case: names belong to this region, writes happen once, pages go on where they ended."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.common.clock import Clock
from services.common.errors import AskForTheRight
from services.common.ids import NewId
from services.common.names import RegionId, parse_name, parse_region
from services.common.paging import PageTokens
from services.common.rpc.callers import Role
from services.common.rpc.context import current_call
from services.referral.domain.transitions import SYSTEM
from services.referral.ports import (
    Asked,
    Correspondence,
    Position,
    Reading,
    ReferralStore,
    Regions,
    Scribe,
    Transaction,
    Work,
)

Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a step needs beside the store: this node's keys, who takes part, ids."""

    region: RegionId
    scribe: Scribe
    letters: Correspondence
    regions: Regions
    new_id: NewId
    resend_seconds: float

    def work(self, store: Transaction, moment: datetime, role: str = SYSTEM) -> Work:
        """Make what a use case is given."""
        return Work(
            store,
            self.region,
            moment,
            role,
            self.new_id,
            self.scribe,
            self.letters,
            self.regions,
            self.resend_seconds,
        )


class Calls:
    """What every method of the service needs."""

    def __init__(self, store: ReferralStore, desk: Desk, clock: Clock, tokens: PageTokens) -> None:
        self._store = store
        self.desk = desk
        self._clock = clock
        self._tokens = tokens

    async def write(self, request: Any, answer: type[Answer], effect: Callable[[Work], Awaitable[Answer]]) -> Answer:
        """Run a change in one transaction; a repeat of the request_id gets the first answer.

        Texts of a case are left out of what is kept for repeats, because erasing the case must erase them; a repeat
        gets them from the case.
        """
        call = current_call()
        asked = Asked(str(call.caller), call.request_id, call.method, call.content_hash) if request.request_id else None
        async with self._store.transaction() as store:
            stored = await store.answer_to(asked) if asked else None
            if stored is not None:
                repeated: Answer = await _with_text(store, answer.FromString(stored))
                return repeated
            # The moment is taken once it is our turn, so that times rise in the order of the changes.
            work = self.desk.work(store, self._clock(), call.caller.role)
            result = await effect(work)
            if asked:
                await store.keep_answer(asked, _without_text(result).SerializeToString(), work.moment)
            return result

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Look at one moment."""
        return self._store.reading()

    def sees_persons(self) -> bool:
        """Say whether the caller may see who it is."""
        return current_call().caller.role is Role.COUNSELLOR

    def own_region(self, parent: str) -> None:
        """Refuse "regions/{region}" of another region with FOREIGN_REGION."""
        self._refuse_foreign(parse_region(parent))

    def own_id(self, name: str, collection: str, path: str = "name") -> str:
        """Give the id in a name; raises INVALID_FIELD for `path`, FOREIGN_REGION."""
        parsed = parse_name(name, collection, path)
        self._refuse_foreign(parsed.region)
        return parsed.id

    def place_of(self, request: Any) -> Position | None:
        """Read where a page begins; raises PAGE_TOKEN_INVALID."""
        if not request.page_token:
            return None
        moment, record_id = json.loads(self._tokens.read(_query_of(request), request.page_token))
        return Position(datetime.fromisoformat(moment), record_id)

    def token_for(self, request: Any, place: Position | None) -> str:
        """Make the token with which the same caller can go on with the same query; "" at the end."""
        if place is None:
            return ""
        return self._tokens.write(_query_of(request), json.dumps([place.create_time.isoformat(), place.id]).encode())

    def _refuse_foreign(self, region: RegionId) -> None:
        if region != self.desk.region:
            raise AskForTheRight("FOREIGN_REGION", "the name belongs to another region")


def _without_text(answer: Any) -> Any:
    if "case" not in answer.DESCRIPTOR.fields_by_name:
        return answer
    copy = type(answer)()
    copy.CopyFrom(answer)
    copy.case.ClearField("intake_text")
    return copy


async def _with_text(store: Reading, answer: Any) -> Any:
    if "case" in answer.DESCRIPTOR.fields_by_name:
        case = await store.case(answer.case.name.rpartition("/")[2])
        answer.case.intake_text = "" if case is None else case.intake_text
    return answer


def _query_of(request: Any) -> bytes:
    """Give what a page token is bound to: caller, method, and the request but for the page itself."""
    query = type(request)()
    query.CopyFrom(request)
    query.ClearField("page_token")
    query.ClearField("page_size")
    call = current_call()
    content: bytes = query.SerializeToString(deterministic=True)
    return f"{call.caller}\n{call.method}\n".encode() + content
