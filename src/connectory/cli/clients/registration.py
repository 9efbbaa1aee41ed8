"""One client's registration: what stands in its file, what would change, and the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectory.cli.clients import json_text, yaml_text
from connectory.cli.clients.catalogue import ENTRY, Client, Syntax
from connectory.cli.clients.entries import Drop, Put, changes, is_ours
from connectory.cli.clients.errors import ClientFileUnusable
from connectory.cli.clients.files import Document, back_up, is_private, read_document, write_document
from connectory.cli.clients.json_text import Unreadable


@dataclass(frozen=True, slots=True)
class Registration:
    """A client's file as it was read, and our entry in it: None where there is none."""

    client: Client
    document: Document
    entry: Any = field(repr=False)  # may hold a token

    @property
    def file(self) -> Path:
        """Where the file stands."""
        return self.document.file


@dataclass(frozen=True, slots=True)
class Written:
    """What a change left: the backup that it made, if any, and whether the file became its owner's alone."""

    backup: Path | None
    tightened: bool


def read_registration(client: Client, file: Path) -> Registration:
    """Read the client's file. Raises `ClientFileUnusable` with the line where it is broken."""
    document = read_document(file)
    try:
        listed = _parse(client, document.text).get(client.container)
        if listed is not None and not isinstance(listed, dict):
            line = _line_of(client, document.text)
            raise Unreadable(f"'{client.container}' holds no entries by name.", line)
    except Unreadable as error:
        raise _broken(client, document, error) from None
    return Registration(client, document, (listed or {}).get(ENTRY))


def check_ours(registration: Registration) -> None:
    """Raise `ClientFileUnusable` where an entry of our name is somebody else's."""
    if registration.entry is not None and not is_ours(registration.entry):
        raise ClientFileUnusable(
            f"The entry '{ENTRY}' in {registration.file} starts something else, so it was left as it is.",
            hint="Give it another name there, or take it out, then try again.",
        )


def install(registration: Registration, entry: Mapping[str, Any], *, holds_secret: bool) -> Written | None:
    """Write the entry; None where the file says so already. Raises `ClientFileUnusable`."""
    document = registration.document
    edits = changes(registration.client, registration.entry, entry)
    tightens = holds_secret and not is_private(document)
    if not edits and not tightens:
        return None
    text = changed_text(registration, edits)
    backup = back_up(document, again=registration.entry is None)
    write_document(document, text, holds_secret=holds_secret)
    return Written(backup, tightens)


def uninstall(registration: Registration) -> Written | None:
    """Take the entry out; None where there is none. Raises `ClientFileUnusable`."""
    if registration.entry is None:
        return None
    text = changed_text(registration, [Drop(())])
    backup = back_up(registration.document, again=False)
    write_document(registration.document, text, holds_secret=False)
    return Written(backup, tightened=False)


def changed_text(registration: Registration, edits: Sequence[Put | Drop]) -> str:
    """Return the file's text with the edits made."""
    client, text = registration.client, registration.document.text
    try:
        for edit in edits:
            path = [client.container, ENTRY, *edit.path]
            text = _put(client, text, path, edit.value) if isinstance(edit, Put) else _drop(client, text, path)
    except Unreadable as error:
        raise _broken(client, registration.document, error) from None
    return text


def shown(client: Client, entry: Mapping[str, Any]) -> str:
    """Return the entry as a file that holds nothing else would."""
    return _put(client, "", [client.container, ENTRY], entry).rstrip("\n")


def _parse(client: Client, text: str) -> dict[str, Any]:
    if client.syntax is Syntax.YAML:
        return yaml_text.parse(text)
    return json_text.parse(text, comments=client.syntax is Syntax.JSONC)


def _put(client: Client, text: str, path: Sequence[str], value: object) -> str:
    if client.syntax is Syntax.YAML:
        return yaml_text.put(text, path, value)
    return json_text.put(text, path, value, comments=client.syntax is Syntax.JSONC)


def _drop(client: Client, text: str, path: Sequence[str]) -> str:
    if client.syntax is Syntax.YAML:
        return yaml_text.drop(text, path)
    return json_text.drop(text, path, comments=client.syntax is Syntax.JSONC)


def _line_of(client: Client, text: str) -> int:
    line_of = yaml_text.line_of if client.syntax is Syntax.YAML else json_text.line_of
    return line_of(text, [client.container])


def _broken(client: Client, document: Document, error: Unreadable) -> ClientFileUnusable:
    return ClientFileUnusable(
        f"{document.file}, line {error.line}: {error.problem.rstrip('.')}. Nothing was written.",
        hint=f"{client.title} reads it as {client.syntax.value}: mend it there, then try again.",
    )
