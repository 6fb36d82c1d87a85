"""Owns which mail addresses can be written to: those that a header can hold exactly as they are."""

from email.errors import MessageError
from email.headerregistry import Address


def takes_mail(address: str) -> bool:
    """Say whether a mail can be addressed so: plain ASCII (domains with umlauts as xn--…), no line break, no name."""
    try:
        return address.isascii() and Address(addr_spec=address).addr_spec == address
    except (MessageError, ValueError, IndexError):
        return False
