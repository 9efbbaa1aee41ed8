"""The key ring and the forms of keys."""

from __future__ import annotations

import base64
import hashlib
import pickle
import secrets
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectory.errors import CannotDecrypt, KeyInvalid
from connectory.settings import Settings
from connectory.vault.keys import KeyRing, load_key_ring, place

RAW = bytes.fromhex("9f1c3be27a4d5586e0b1c2d3f4a5968778695a4b3c2d1e0f123e4d5c6b7a8f90")
HEX_32 = "9f1c3be27a4d5586e0b1c2d3f4a59687"
STANDARD, URL_SAFE = base64.b64encode(RAW).decode(), base64.urlsafe_b64encode(RAW).decode()


def ring_of(value: str, folder: Path = Path("nowhere")) -> KeyRing:
    return load_key_ring(Settings(data_dir=folder, encryption_key=SecretStr(value)))


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_was_sealed_opens_in_its_place_alone(plaintext: bytes, where: str) -> None:
    keys = KeyRing([RAW])
    sealed = keys.seal(plaintext, bound_to=where)

    assert keys.open(sealed, bound_to=where) == plaintext
    with pytest.raises(CannotDecrypt):
        keys.open(sealed, bound_to=where + "x")


def test_a_sealed_value_names_its_version_and_key_and_hides_the_rest() -> None:
    sealed = KeyRing([RAW]).seal(b"plain text", bound_to="here")

    assert sealed[:5] == b"\x01" + hashlib.sha256(RAW).digest()[:4]
    assert len(sealed) == 1 + 4 + 12 + len(b"plain text") + 16
    assert b"plain" not in sealed


def test_the_first_key_encrypts_and_all_of_them_open() -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    by_old = KeyRing([old]).seal(b"x", bound_to="here")
    ring = KeyRing([new, old])

    assert ring.open(by_old, bound_to="here") == b"x"
    assert KeyRing([new]).open(ring.seal(b"y", bound_to="here"), bound_to="here") == b"y"
    with pytest.raises(CannotDecrypt):
        KeyRing([new]).open(by_old, bound_to="here")


def test_no_two_places_are_written_alike() -> None:
    assert place("a", "b", "c", "d") != place("a", "b", 'c", "d', "")
    assert len({place("a", "b", "c", "d"), place("ab", "", "c", "d"), place("a", "bc", "", "d")}) == 3


def test_derived_keys_differ_by_purpose_and_stay_the_same() -> None:
    ring = KeyRing([RAW])

    assert len(ring.derive("one")) == 32
    assert ring.derive("one") == KeyRing([RAW, secrets.token_bytes(32)]).derive("one")
    assert len({ring.derive("one"), ring.derive("two"), RAW}) == 3


def test_a_ring_shows_no_key_and_does_not_leave_its_process() -> None:
    ring = KeyRing([RAW])

    assert RAW.hex()[:8] not in f"{ring!r} {ring}"
    with pytest.raises(TypeError):
        vars(ring)
    with pytest.raises(TypeError):
        pickle.dumps(ring)


@pytest.mark.parametrize("keys", [[], [b"short"], [RAW, RAW[:31]]])
def test_a_ring_takes_whole_keys(keys: list[bytes]) -> None:
    with pytest.raises(KeyInvalid):
        KeyRing(keys)


@pytest.mark.parametrize(
    "written",
    [
        RAW.hex(), RAW.hex().upper(), STANDARD, STANDARD.rstrip("="), URL_SAFE, URL_SAFE.rstrip("="),
        f"  {RAW.hex()} ", f"{RAW.hex()},", f"{RAW.hex()},{RAW.hex()}",
    ],
)  # fmt: skip
def test_a_key_may_be_written_in_hex_or_base64(written: str) -> None:
    sealed = KeyRing([RAW]).seal(b"x", bound_to="here")

    assert ring_of(written).open(sealed, bound_to="here") == b"x"


def test_of_several_keys_the_first_encrypts() -> None:
    other = secrets.token_hex(32)
    sealed = ring_of(f"{other}, {STANDARD}").seal(b"x", bound_to="here")

    assert ring_of(other).open(sealed, bound_to="here") == b"x"


def test_32_hex_digits_are_the_key_themselves_and_warn_of_128_bits() -> None:
    with structlog.testing.capture_logs() as logs:
        sealed = ring_of(HEX_32).seal(b"x", bound_to="here")

    assert KeyRing([HEX_32.encode()]).open(sealed, bound_to="here") == b"x"
    assert [(line["log_level"], "128 bits" in line["event"]) for line in logs] == [("warning", True)]
    assert HEX_32 not in repr(logs)


def test_a_full_key_warns_of_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        ring_of(STANDARD)

    assert logs == []


@pytest.mark.parametrize(
    "value",
    [
        "changeme", "secret", "your-encryption-key-here", " , ", "0" * 64, "f" * 64, "0" * 32, "00" * 31 + "01",
        "0123456789abcdef" * 4, "0123456789abcdef0123456789abcdef", "deadbeef" * 8, bytes(range(32)).hex(),
        base64.b64encode(b"changeme" * 4).decode(), base64.b64encode(bytes(32)).decode(), "A" * 43,
        RAW.hex()[:-1], RAW.hex() + "0", STANDARD[:-4], STANDARD + "=", STANDARD.replace("=", "=="), "é" * 43,
        f"{RAW.hex()},changeme", f"{RAW.hex()} {RAW.hex()}",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(KeyInvalid) as refusal:
        ring_of(value)

    assert refusal.value.hint
    assert "CONNECTOR_ENCRYPTION_KEY" in refusal.value.text
    assert not [part for part in value.split(",") if len(part) > 6 and part.strip() in refusal.value.text]


def test_with_the_variable_set_the_key_file_is_neither_read_nor_made(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    ring_of(RAW.hex(), folder)
    assert not folder.exists()

    folder.mkdir()
    (folder / "key").write_text("garbled")
    ring_of(RAW.hex(), folder)
    assert (folder / "key").read_text() == "garbled"
