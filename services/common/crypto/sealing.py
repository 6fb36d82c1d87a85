"""Guarantees that only the holder of a region's X25519 key, or of a case's own key, can read what was sealed.

Between nodes: HPKE (RFC 9180: DHKEM X25519, HKDF-SHA256, AES-128-GCM) by the cryptography library. Its one-shot call
takes no additional data, so what a message is bound to goes into `info`, from which the message's key is derived:
bound to another place, the same bytes do not open. At rest: AES-256-GCM under a key that belongs to one case only, so
that deleting the key deletes the content wherever copies of it lie.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.common.crypto.key_files import KeyFileError, read_secret, write_secret
from services.common.crypto.keys import key_id_of

ENCAPSULATED_BYTES: Final = 32
TAG_BYTES: Final = 16
CASE_KEY_BYTES: Final = 32
SIZE_CLASSES: Final = tuple(kib * 1024 for kib in (1, 4, 16, 64, 192))
"""The only lengths that sealed messages have, so that a length tells next to nothing."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_NONCE_BYTES = 12


class NotReadable(Exception):
    """The bytes were sealed to another key, for another place, or are not what was sealed. Holds nothing of them."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed message: which key opens it, the encapsulated key (32 bytes) and the ciphertext with its tag."""

    key_id: str
    encapsulated_key: bytes
    ciphertext: bytes


class SealingKey:
    """Holds one private key and opens what was sealed to it; shows only what is public."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self.public_bytes = private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_bytes)

    def open(self, sealed: Sealed, bound_to: bytes) -> bytes:
        """Give the content; raises NotReadable."""
        try:
            return _SUITE.decrypt(sealed.encapsulated_key + sealed.ciphertext, self._private, bound_to)
        except (InvalidTag, ValueError) as error:
            raise NotReadable from error

    def __repr__(self) -> str:
        """Show the key's id only."""
        return f"SealingKey({self.key_id})"


class SealingKeys:
    """The keys of one node: the first is the one that others use now, the rest are former ones."""

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        self._keys = {key.key_id: key for key in keys}

    def open(self, sealed: Sealed, bound_to: bytes) -> bytes:
        """Give the content; raises NotReadable, also for a key that this node never had."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise NotReadable
        return key.open(sealed, bound_to)


def seal_to(public_bytes: bytes, content: bytes, bound_to: bytes) -> Sealed:
    """Seal to a public key of 32 raw bytes; raises ValueError for anything else. About 0.1 ms."""
    joined = _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(public_bytes), bound_to)
    return Sealed(key_id_of(public_bytes), joined[:ENCAPSULATED_BYTES], joined[ENCAPSULATED_BYTES:])


def padding_for(content_bytes: int) -> int:
    """Say how many zeros bring a message of two byte fields, content and padding, to a size class.

    Counts the fields' headers as protobuf writes them. Raises ValueError for content that fits no class.
    """
    framed = _field_bytes(content_bytes)
    for size in SIZE_CLASSES:
        missing = size - framed
        for header in (2, 3, 4):
            zeros = missing - header
            # A few lengths cannot be met, because a longer header replaces one zero by two bytes; the next class can.
            if zeros > 0 and _field_bytes(zeros) == missing:
                return zeros
    raise ValueError("the content is larger than the largest size class")


def _field_bytes(length: int) -> int:
    """Give the size of a byte field of a small number: tag, length (seven bits a byte), content."""
    return 1 + max(1, -(-length.bit_length() // 7)) + length


def new_case_key() -> bytes:
    """Make the key of one case."""
    return secrets.token_bytes(CASE_KEY_BYTES)


def seal_at_rest(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    """Seal content for this place in the database: a nonce of 12 bytes, then ciphertext and tag."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to)


def open_at_rest(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Give the content; raises NotReadable when the key, the place or the bytes are others."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise NotReadable from error


def create_sealing_key(path: Path) -> SealingKey:
    """Make a key and write it to a new file (PKCS 8 PEM, mode 0600); raises KeyFileError if the file exists."""
    private = X25519PrivateKey.generate()
    write_secret(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return SealingKey(private)


def load_sealing_key(path: Path) -> SealingKey:
    """Read a key file; raises KeyFileError when it is missing, readable by others or no X25519 key."""
    content = read_secret(path)
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path} holds no unencrypted private key") from error
    if not isinstance(private, X25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind than X25519")
    return SealingKey(private)
