"""Owns the use cases around recipients: create, get, replace, remove, and the one that is there from the start."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.common.errors import CheckTheName, ChooseAnother, FieldViolation, MendTheState, invalid
from services.common.ids import NewId
from services.common.names import RESERVED_IDS
from services.notify.domain.addresses import takes_mail
from services.notify.domain.records import Channel, Recipient
from services.notify.ports import Reading, Transaction

DEFAULT_RECIPIENT_MARK = "default-recipient"


@dataclass(frozen=True, slots=True)
class MailRules:
    """What this node can do by mail: whether it has a mail server, and the address that it writes from."""

    possible: bool
    own_address: str = ""


async def create(
    store: Transaction, draft: Recipient, moment: datetime, new_id: NewId, *, rules: MailRules
) -> Recipient:
    """Add a recipient; raises INVALID_FIELD, CHANNEL_NOT_POSSIBLE, RESOURCE_EXISTS."""
    faults = [("recipient_id", "is reserved")] if draft.id in RESERVED_IDS else []
    _check(draft, faults, rules=rules)
    if await store.recipient(draft.id) is not None:
        fields = (FieldViolation("recipient_id", "is taken"),)
        raise ChooseAnother("RESOURCE_EXISTS", "there is a recipient of this id", fields)
    made = replace(draft, uid=str(new_id()), revision=1)
    await store.add_recipient(made, moment)
    return made


async def get(store: Reading, recipient_id: str) -> Recipient:
    """Give a recipient; raises RESOURCE_NOT_FOUND."""
    recipient = await store.recipient(recipient_id)
    if recipient is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "there is no recipient of this name")
    return recipient


async def update(store: Transaction, change: Recipient, etag: str, moment: datetime, *, rules: MailRules) -> Recipient:
    """Replace a recipient's values.

    Raises INVALID_FIELD, RESOURCE_NOT_FOUND, ETAG_MISMATCH, CHANNEL_NOT_POSSIBLE.
    """
    if not etag:
        raise invalid(("recipient.etag", "is required"))
    current = await get(store, change.id)
    current.require(etag)
    _check(change, [], rules=rules)
    after = current.replaced_by(change, etag)
    if after != current:
        await store.replace_recipient(after, moment)
    return after


async def delete(store: Transaction, recipient_id: str, etag: str) -> None:
    """Remove a recipient; raises RESOURCE_NOT_FOUND, ETAG_MISMATCH."""
    (await get(store, recipient_id)).require(etag)
    await store.remove_recipient(recipient_id)


async def ensure_default(store: Transaction, recipient_id: str, name: str, moment: datetime, new_id: NewId) -> bool:
    """Make the first recipient at the first start only: one that was removed on purpose stays away."""
    if not await store.first_time(DEFAULT_RECIPIENT_MARK, moment) or await store.recipient(recipient_id) is not None:
        return False
    draft = Recipient(recipient_id, "", 0, display_name=name, language_code="de")
    await create(store, draft, moment, new_id, rules=MailRules(possible=False))
    return True


def _check(recipient: Recipient, faults: list[tuple[str, str]], *, rules: MailRules) -> None:
    faults += _faults(recipient)
    if faults:
        raise invalid(*faults)
    if Channel.MAIL not in recipient.ways:
        return
    if not takes_mail(recipient.email):
        raise _no_mail("a recipient that wants mail needs an address")
    if recipient.email.casefold() == rules.own_address.casefold():
        # Its own answers and bounces would come back to it.
        raise _no_mail("this is the address from which the node writes")
    if not rules.possible:
        raise _no_mail("this node has no mail server")


def _faults(recipient: Recipient) -> Iterator[tuple[str, str]]:
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} for letter in recipient.display_name):
        yield "recipient.display_name", "must be one line without control characters"
    elif not recipient.display_name.strip():
        yield "recipient.display_name", "is required"


def _no_mail(message: str) -> MendTheState:
    return MendTheState("CHANNEL_NOT_POSSIBLE", message)
