"""What is sealed opens with its key, at its place, unchanged, and never otherwise."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from lotse.referral.v1.referral_mail_pb2 import Padded
from services.common.crypto.key_files import KeyFileError
from services.common.crypto.keys import create_signer
from services.common.crypto.sealing import (
    SIZE_CLASSES,
    NotReadable,
    Sealed,
    SealingKey,
    SealingKeys,
    create_sealing_key,
    load_sealing_key,
    new_case_key,
    open_at_rest,
    padding_for,
    seal_at_rest,
    seal_to,
)

KEY = SealingKey(X25519PrivateKey.from_private_bytes(bytes([7]) * 32))
OTHER = SealingKey(X25519PrivateKey.from_private_bytes(bytes([8]) * 32))


@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_what_was_sealed_opens_at_its_place_only(content: bytes, place: bytes) -> None:
    sealed = seal_to(KEY.public_bytes, content, place)
    assert KEY.open(sealed, place) == content
    for key, where in ((KEY, place + b"x"), (OTHER, place)):
        with pytest.raises(NotReadable):
            key.open(sealed, where)


@pytest.mark.parametrize("length", [0, 1, 16, 31])
def test_what_was_cut_or_changed_does_not_open(length: int) -> None:
    sealed = seal_to(KEY.public_bytes, b"content of some length", b"place")
    flipped = bytes([sealed.ciphertext[length] ^ 1])
    changed = sealed.ciphertext[:length] + flipped + sealed.ciphertext[length + 1 :]
    for ciphertext in (sealed.ciphertext[:length], changed):
        with pytest.raises(NotReadable):
            KEY.open(Sealed(sealed.key_id, sealed.encapsulated_key, ciphertext), b"place")


def test_a_former_key_still_opens_and_an_unknown_one_does_not() -> None:
    keys = SealingKeys([KEY, OTHER])
    assert keys.open(seal_to(OTHER.public_bytes, b"x", b""), b"") == b"x"
    with pytest.raises(NotReadable):
        SealingKeys([KEY]).open(seal_to(OTHER.public_bytes, b"x", b""), b"")


@given(st.integers(0, SIZE_CLASSES[-1] - 16))
def test_padding_brings_every_length_to_a_class(length: int) -> None:
    padded = Padded(content=bytes(length), padding=bytes(padding_for(length))).ByteSize()
    # protobuf leaves an empty content out: then the two bytes of its header are missing.
    assert padded + (2 if length == 0 else 0) in SIZE_CLASSES


@pytest.mark.parametrize("gap", range(1, 20))
def test_padding_meets_a_class_also_where_a_header_grows(gap: int) -> None:
    for size in SIZE_CLASSES[:-1]:
        for length in (size - gap, size - 128 - gap, size - 120 - gap):
            padded = Padded(content=bytes(length), padding=bytes(padding_for(length)))
            assert padded.ByteSize() in SIZE_CLASSES


def test_content_above_the_largest_class_is_refused() -> None:
    with pytest.raises(ValueError, match="largest"):
        padding_for(SIZE_CLASSES[-1])


def test_at_rest_another_key_or_place_opens_nothing() -> None:
    key = new_case_key()
    sealed = seal_at_rest(key, b"person", b"case/1/person")
    assert open_at_rest(key, sealed, b"case/1/person") == b"person"
    assert seal_at_rest(key, b"person", b"case/1/person") != sealed
    for other, place, content in (
        (new_case_key(), b"case/1/person", sealed),
        (key, b"case/2/person", sealed),
        (key, b"case/1/person", sealed[:-1]),
        (key, b"case/1/person", b""),
    ):
        with pytest.raises(NotReadable):
            open_at_rest(other, content, place)


def test_a_key_file_is_made_once_and_read_back(tmp_path: Path) -> None:
    made = create_sealing_key(tmp_path / "sealing.key")
    assert (tmp_path / "sealing.key").stat().st_mode & 0o777 == 0o600
    assert load_sealing_key(tmp_path / "sealing.key").public_bytes == made.public_bytes
    assert repr(made) == f"SealingKey({made.key_id})"
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_sealing_key(tmp_path / "sealing.key")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    create_signer(tmp_path / "signing.key")
    with pytest.raises(KeyFileError, match="another kind than X25519"):
        load_sealing_key(tmp_path / "signing.key")
    junk = tmp_path / "junk.key"
    junk.touch(mode=0o600)
    with pytest.raises(KeyFileError, match="no unencrypted private key"):
        load_sealing_key(junk)
