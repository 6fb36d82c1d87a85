"""Owns the keys of a node and their files: Ed25519 to sign records, nkeys to prove to a NATS server who connects."""

import hashlib
import secrets
from pathlib import Path

import nkeys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.common.crypto.key_files import KeyFileError, read_secret, write_secret

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def key_id_of(public_bytes: bytes) -> str:
    """Name a public key: the first 16 hex digits of SHA-256 over its 32 raw bytes."""
    return hashlib.sha256(public_bytes).hexdigest()[:16]


class Signer:
    """Holds a private key and signs with it; shows only what is public."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_bytes = private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_bytes)

    def sign(self, data: bytes) -> bytes:
        """Sign the bytes: 64 bytes, the same for the same input. About 50 µs for 2 kB (libraries.md)."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        """Show the key's id only."""
        return f"Signer({self.key_id})"


class Verifier:
    """Says whether a signature was made with the private half of one public key."""

    def __init__(self, public_bytes: bytes) -> None:
        """Take 32 raw bytes; raises ValueError for anything else."""
        self._public = Ed25519PublicKey.from_public_bytes(public_bytes)
        self.public_bytes = public_bytes
        self.key_id = key_id_of(public_bytes)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Say whether the signature fits the bytes; never raises for a bad one. About 160 µs (libraries.md)."""
        try:
            self._public.verify(signature, data)
        except InvalidSignature:
            return False
        return True


def create_signer(path: Path) -> Signer:
    """Make a new key and write it to a new file (PKCS 8 PEM, mode 0600); raises KeyFileError if the file exists."""
    private = Ed25519PrivateKey.generate()
    write_secret(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Signer(private)


def load_signer(path: Path) -> Signer:
    """Read a key file; raises KeyFileError when it is missing, readable by others or no Ed25519 key."""
    content = read_secret(path)
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path} holds no unencrypted private key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind than Ed25519")
    return Signer(private)


def create_nkey(path: Path) -> str:
    """Make a new user nkey, write its seed to a new file (mode 0600), and give the public key ("U…").

    Raises KeyFileError if the file exists.
    """
    seed = bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))
    write_secret(path, seed + b"\n")
    return _public_of(seed)


def load_nkey_seed(path: Path) -> str:
    """Read a seed ("SU…"); raises KeyFileError when it is missing, readable by others or no user seed."""
    text = read_secret(path).decode("ascii", errors="replace").strip()
    try:
        prefix, _ = nkeys.decode_seed(bytearray(text.encode()))
    except (nkeys.NkeysError, ValueError) as error:
        raise KeyFileError(f"{path} holds no nkey seed") from error
    if prefix != nkeys.PREFIX_BYTE_USER:
        raise KeyFileError(f"{path} holds the seed of something else than a user")
    return text


def public_nkey(path: Path) -> str:
    """Give the public key ("U…") of a seed file; raises KeyFileError as `load_nkey_seed`."""
    return _public_of(load_nkey_seed(path).encode())


def _public_of(seed: bytes) -> str:
    pair = nkeys.from_seed(bytearray(seed))
    return bytes(pair.public_key).decode()
