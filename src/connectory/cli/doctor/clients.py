"""The clients of this machine: whether Connectory is registered in them, and whether what they start is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectory.cli.clients.catalogue import CLIENTS, Client, spots
from connectory.cli.clients.entries import address_of, is_ours, token_of, transport_of
from connectory.cli.clients.errors import ClientFileUnusable
from connectory.cli.clients.machine import Machine
from connectory.cli.clients.registration import read_registration
from connectory.cli.doctor.database import Sound
from connectory.cli.doctor.finding import Finding, from_error, note, ok, wrong
from connectory.identity.tokens import token_hash
from connectory.settings import Settings, read_settings
from connectory.vault.inspection import inspecting, token_works
from connectory.web.origins import OurOrigins

GROUP = "clients"


def check_clients(settings: Settings, machine: Machine, database: Sound) -> list[Finding]:
    """Look at the file of every client that is here. What an entry holds beside names is never told."""
    here = [(client, spot.file) for client in CLIENTS for spot in spots(client, machine) if spot.found]
    findings, bare = list[Finding](), list[Client]()
    for client, file in here:
        try:
            entry = read_registration(client, file).entry
        except ClientFileUnusable as error:
            findings.append(from_error(GROUP, error))
            continue
        if entry is None:
            bare.append(client)
        elif not is_ours(entry):
            findings.append(_foreign(client, file))
        else:
            if transport_of(entry) == "http":
                problems = list(_remote_problems(settings, database, client, file, entry))
            else:
                problems = list(_local_problems(settings, client, file, entry, not machine.is_windows_file(file)))
            findings += problems or [ok(GROUP, f"{client.title} has it, over {transport_of(entry)}.")]
    return findings or [_nowhere(bare)]


def _nowhere(bare: list[Client]) -> Finding:
    if not bare:
        return ok(GROUP, "No client that is known here was found; docs/clients.md says how to register in others.")
    names = list(dict.fromkeys(client.name for client in bare))
    message = f"It is registered in no client yet; here are: {', '.join(names)}."
    return note(GROUP, message, f"`connectory install {names[0]}` registers it.")


def _foreign(client: Client, file: Path) -> Finding:
    return note(
        GROUP,
        f"{client.title} has an entry of our name that starts something else ({file}).",
        f"If it should be Connectory, take the entry out, then `connectory install {client.name}`.",
    )


def _remote_problems(settings: Settings, database: Sound, client: Client, file: Path, entry: Any) -> Iterator[Finding]:
    """What keeps an address and its token from working; that of another server is not ours to judge."""
    again = f"`connectory install {client.name} --http` writes it anew; then restart {client.title}."
    address = urlsplit(address_of(entry) or "")
    if not OurOrigins(settings).is_our_host(address.netloc):
        yield note(
            GROUP,
            f"{client.title} goes to {address.scheme}://{address.netloc.rpartition('@')[2]}, which is not where this"
            f" Connectory is served, {settings.origin} ({file}).",
            f"If it should be this one: {again} If `serve --port` serves there, set CONNECTORY_PORT to the same.",
        )
        return
    token = token_of(entry)
    if token is None:
        yield note(
            GROUP,
            f"{client.title} sends no API token ({file}): only a `connectory serve --no-auth` lets it in.",
            f"Without that, {again}",
        )
    elif token.startswith("cny_") and database.path is not None and database.is_current:
        with inspecting(database.path) as connection:
            works = token_works(connection, token_hash(token), datetime.now(UTC))
        if not works:
            message = f"{client.title}'s API token is unknown here, revoked or expired: every call of its is refused"
            yield wrong(GROUP, f"{message} ({file}).", again)


def _local_problems(settings: Settings, client: Client, file: Path, entry: Any, is_here: bool) -> Iterator[Finding]:
    """What keeps a registration from working; a command on Windows cannot be looked at from inside WSL."""
    again = f"`connectory install {client.name}` writes it anew; then restart {client.title}."
    command = entry.get("command")
    if is_here and isinstance(command, str) and not _is_program(command):
        yield wrong(GROUP, f"{client.title} starts {command}, which is not there or cannot be run ({file}).", again)
    given = entry.get(client.env)
    variables = {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    meant, problems = read_settings(variables)
    for problem in problems:
        yield wrong(
            GROUP,
            f"{client.title} starts it with a setting that stops it: {problem.text} ({file}).",
            f"Correct or take out {problem.name} there, then restart {client.title}.",
        )
    if is_here and meant is not None and meant.data_dir != settings.data_dir:
        yield note(
            GROUP,
            f"{client.title} uses another data folder ({meant.data_dir}): what is connected here is not there.",
            f"Set CONNECTORY_DATA_DIR to the same in both. {again}",
        )


def _is_program(command: str) -> bool:
    """Clients have no shell's search path: only a full path is sure to work."""
    path = Path(command)
    return path.is_absolute() and path.is_file() and os.access(path, os.X_OK)
