"""Encryption at rest: AES-256-GCM under a ring of keys, each value bound to its place (design 5.4).

A sealed value is: version (1 byte), key mark (first 4 bytes of SHA-256 of the key), nonce (12 random bytes, new with
every write), then ciphertext and tag (16 bytes). The associated data are those first two, and the text that says
where the value belongs, so that one moved to another row, column or workspace does not open. Random nonces allow
2^32 writes with one key (NIST SP 800-38D section 8.3).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from connectory.errors import CannotDecrypt, KeyInvalid
from connectory.settings import KEY_NAME, Settings
from connectory.vault.data_folder import prepare_folder
from connectory.vault.key_file import read_key_file, read_or_make_key_file
from connectory.vault.key_forms import KEY_BYTES, parse_keys

KEY_FILE = "key"  # in the data folder
VERSION = b"\x01"
MARK_BYTES = 4
NONCE_BYTES = 12
TAG_BYTES = 16
_HEAD_BYTES = len(VERSION) + MARK_BYTES
PUT_BACK = (
    "Put back the key it was encrypted with (CONNECTOR_ENCRYPTION_KEY, or the file `key` in the data folder; "
    "several keys may stand there, separated by commas)."
)


class KeyRing:
    """The keys of this installation. The first encrypts; all of them open."""

    __slots__ = ("_ciphers", "_first", "_first_mark")

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take raw keys of 32 bytes each. Raises `KeyInvalid` for an empty ring or another length."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise KeyInvalid("An encryption key has 32 bytes, and there is at least one.")
        self._first = bytes(keys[0])
        self._first_mark = _mark(self._first)
        self._ciphers: dict[bytes, list[AESGCM]] = {}
        for key in dict.fromkeys(keys):
            self._ciphers.setdefault(_mark(key), []).append(AESGCM(key))

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """Encrypt `plaintext` with the first key, for the place `bound_to` only; see `place`."""
        head, nonce = VERSION + self._first_mark, os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._first_mark][0]
        return head + nonce + cipher.encrypt(nonce, plaintext, head + bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The inverse of `seal`.

        Raises `CannotDecrypt`, with the same words for a missing key, a moved, cut or changed value: whoever can write
        to the database must not learn from us which of them it was.
        """
        head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + NONCE_BYTES]
        text = sealed[_HEAD_BYTES + NONCE_BYTES :]
        if head[:1] == VERSION and len(text) >= TAG_BYTES:
            for cipher in self._ciphers.get(head[1:], ()):
                try:
                    return cipher.decrypt(nonce, text, head + bound_to.encode())
                except InvalidTag:
                    continue
        raise CannotDecrypt("A stored value does not open with the keys at hand; it is kept as it is.", hint=PUT_BACK)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another use, by HKDF-SHA256 (RFC 5869) of the first key; with it they change."""
        info = f"connectory/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._first)

    def __repr__(self) -> str:
        return f"KeyRing(<{sum(map(len, self._ciphers.values()))} keys>)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring does not leave its process")


def place(table: str, column: str, row_id: str, workspace_id: str) -> str:
    """The `bound_to` of a table's cell. A JSON array, so that no two places are written alike."""
    return json.dumps([table, column, row_id, workspace_id])


def load_key_ring(settings: Settings) -> KeyRing:
    """Read the keys from CONNECTOR_ENCRYPTION_KEY; the key file is looked at, and made, only where that is not set.

    Reads files: call it in a thread. Raises `KeyInvalid`.
    """
    found = find_keys(settings) if settings.encryption_key is not None else None
    if found is None:
        prepare_folder(settings.data_dir)
        path = settings.data_dir / KEY_FILE
        found = KeyText(SecretStr(read_or_make_key_file(path)), f"The key file {path}")
    return found.parse()


@dataclass(frozen=True, slots=True)
class KeyText:
    """The keys as they are written, and where."""

    text: SecretStr
    source: str

    def parse(self) -> KeyRing:
        """Return the ring. Raises `KeyInvalid`."""
        return KeyRing(parse_keys(self.text.get_secret_value(), source=self.source))


def find_keys(settings: Settings) -> KeyText | None:
    """Return the keys that a start would use, None where it would make the first one: nothing is made here.

    Reads a file: call it in a thread. Raises `KeyInvalid`.
    """
    if settings.encryption_key is not None:
        return KeyText(settings.encryption_key, KEY_NAME)
    path = settings.data_dir / KEY_FILE
    text = read_key_file(path)
    return None if text is None else KeyText(SecretStr(text), f"The key file {path}")


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:MARK_BYTES]
