"""Key files: readable by their owner only, never overwritten, and refused when they hold anything else."""

from pathlib import Path

import nkeys
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from services.common.crypto.key_files import KeyFileError, write_secret
from services.common.crypto.keys import (
    Verifier,
    create_nkey,
    create_signer,
    key_id_of,
    load_nkey_seed,
    load_signer,
    public_nkey,
)


def test_a_created_key_is_read_back_and_its_signature_fits(tmp_path: Path) -> None:
    created = create_signer(tmp_path / "keys" / "signing.pem")
    loaded = load_signer(tmp_path / "keys" / "signing.pem")
    assert loaded.key_id == created.key_id == key_id_of(created.public_bytes)
    assert Verifier(created.public_bytes).verify(loaded.sign(b"words"), b"words")


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    create_signer(path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o777])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.pem"
    create_signer(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="0600"):
        load_signer(path)


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    first = create_signer(path)
    with pytest.raises(KeyFileError):
        create_signer(path)
    assert load_signer(path).key_id == first.key_id


def test_a_link_to_a_key_is_refused(tmp_path: Path) -> None:
    create_signer(tmp_path / "real.pem")
    (tmp_path / "link.pem").symlink_to(tmp_path / "real.pem")
    with pytest.raises(KeyFileError):
        load_signer(tmp_path / "link.pem")


@pytest.mark.parametrize("content", [b"", b"no key", b"x" * 20_000])
def test_a_file_without_a_key_is_refused_and_its_content_not_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signing.pem"
    write_secret(path, content)
    for load in (load_signer, load_nkey_seed):
        with pytest.raises(KeyFileError) as refusal:
            load(path)
        assert "no key" not in str(refusal.value)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    private = generate_private_key(SECP256R1())
    write_secret(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyFileError, match="Ed25519"):
        load_signer(path)


def test_a_missing_key_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="absent"):
        load_signer(tmp_path / "absent.pem")


def test_a_signer_shows_no_private_part(tmp_path: Path) -> None:
    signer = create_signer(tmp_path / "signing.pem")
    assert repr(signer) == f"Signer({signer.key_id})"


def test_an_nkey_is_a_users_and_its_seed_is_read_back(tmp_path: Path) -> None:
    public = create_nkey(tmp_path / "user.nk")
    assert public.startswith("U")
    assert len(public) == 56
    assert load_nkey_seed(tmp_path / "user.nk").startswith("SU")
    assert public_nkey(tmp_path / "user.nk") == public


def test_the_seed_of_an_account_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "account.nk"
    write_secret(path, nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_ACCOUNT))
    with pytest.raises(KeyFileError):
        load_nkey_seed(path)


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 63))
def test_no_signature_fits_other_bytes_or_a_flipped_bit(data: bytes, other: bytes, position: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    verifier = Verifier(private.public_key().public_bytes_raw())
    signature = bytearray(private.sign(data))
    assert verifier.verify(bytes(signature), other) is (data == other)
    signature[position] ^= 1
    assert not verifier.verify(bytes(signature), data)
