"""Secrets that a test planted, looked for in whatever form careless code could have written them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 7  # characters of a spelling that cannot stand somewhere by chance


def spellings(secret: str) -> set[str]:
    """As it is, escaped for addresses and JSON, in hex, in base64 at each alignment, and its halves."""
    half = len(secret) // 2
    plain = {secret, secret[:half], secret[half:]}
    escaped = {form(text) for text in plain for form in (_in_address, quote_plus, _in_json)}
    coded = {text for part in plain for text in _in_base64(part.encode())} | {secret.encode().hex()}
    return {text for text in plain | escaped | coded if len(text) >= SHORTEST}


def found_in(secrets: Iterable[str], place: str | bytes) -> set[str]:
    """Which of the secrets stand in `place`, each with the spelling."""
    text = place if isinstance(place, str) else place.decode("latin-1")
    return {f"{secret!r} as {one!r}" for secret in secrets for one in spellings(secret) if one in text}


def files_with(secrets: Iterable[str], folder: Path) -> set[str]:
    """Which secrets stand in which files of a folder, journals of the database included."""
    known = list(secrets)
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {f"{file.name}: {one}" for file in files for one in found_in(known, file.read_bytes())}


def processes_with(secrets: Iterable[str]) -> set[str]:
    """Which secrets stand in the arguments of any process of this machine, as `ps` shows them to everybody."""
    known = list(secrets)
    return {f"{pid}: {one}" for pid, line in _of_processes("cmdline") for one in found_in(known, line)}


def environments_with(secrets: Iterable[str], parents: Iterable[int]) -> set[str]:
    """Which secrets stand in the environment of these processes and of all that they started."""
    known, family = list(secrets), set(parents)
    status = {pid: line.decode().rpartition(")")[2].split() for pid, line in _of_processes("stat")}
    while more := {pid for pid, words in status.items() if words and int(words[1]) in family} - family:
        family |= more
    lines = dict(_of_processes("environ"))
    return {f"{pid}: {one}" for pid in family for one in found_in(known, lines.get(pid, b""))}


def _of_processes(name: str) -> Iterator[tuple[int, bytes]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / name).read_bytes()
            except OSError:  # it has ended, or is not ours to see
                continue


def _in_address(text: str) -> str:
    return quote(text, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _in_base64(raw: bytes) -> Iterator[str]:
    """The part of the code that depends on `raw` alone, wherever in a longer text it stands."""
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            code = encode(b"\0" * offset + raw).decode().rstrip("=")
            yield code[(0, 2, 3)[offset] : len(code) - (1 if (offset + len(raw)) % 3 else 0)]
