"""`install` and `uninstall`: Connectory in the file of an MCP client, and out of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import prepared_settings
from connectory.cli.clients.errors import ClientFileUnusable
from connectory.cli.options import AsJson
from connectory.cli.output import note, show_json, show_table, show_text
from connectory.errors import InvalidArguments

if TYPE_CHECKING:
    from connectory.cli.clients.catalogue import Client
    from connectory.cli.clients.machine import Machine
    from connectory.cli.clients.registration import Registration, Written
    from connectory.settings import Settings

PLACEHOLDER = "cny_..."  # stands for the token that `--print` does not make

ClientName = Annotated[str | None, typer.Argument(metavar="CLIENT", help="E.g. cursor; unset: list them.")]
File = Annotated[
    Path | None, typer.Option("--file", metavar="PATH", help="The client's file, where it is not the usual one.")
]
PrintOnly = Annotated[bool, typer.Option("--print", help="Only show what would be written, and where.")]


def install(
    client: ClientName = None,
    http: Annotated[
        bool, typer.Option("--http", help="Write the address of a running server and a new token, not the command.")
    ] = False,
    max_tools: Annotated[
        int | None,
        typer.Option("--max-tools", min=8, max=1000, help="Most tools in its list; unset: what fits the client."),
    ] = None,
    file: File = None,
    print_only: PrintOnly = False,
    as_json: AsJson = False,
) -> None:
    """Put Connectory into an MCP client's file; without a name, list the clients and where they stand."""
    from connectory.cli.clients.catalogue import find_client
    from connectory.cli.clients.machine import this_machine

    machine = this_machine()
    if client is None:
        _list(machine, as_json=as_json)
        return
    found = find_client(client)
    over_http = http or found.local is None
    if over_http and found.remote is None:
        raise InvalidArguments(
            f"{found.title}'s file takes commands only, no address.", hint="Leave out --http, or use its own page."
        )
    registration = _registration(found, machine, file, even_if_absent=print_only)
    _Install(registration, machine, prepared_settings(quiet=True), max_tools, print_only, as_json).run(over_http)


def uninstall(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="E.g. cursor.")],
    file: File = None,
    print_only: Annotated[bool, typer.Option("--print", help="Only say what would be taken out, and where.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take Connectory out of an MCP client's file, and nothing else; a token that was made for it ends."""
    from connectory.cli.clients import registration as room
    from connectory.cli.clients.catalogue import find_client, spots
    from connectory.cli.clients.entries import token_of
    from connectory.cli.clients.handing_on import revoke_token
    from connectory.cli.clients.machine import this_machine

    found, machine = find_client(client), this_machine()
    files = [file] if file is not None else [spot.file for spot in spots(found, machine) if spot.found]
    registrations = [room.read_registration(found, one) for one in files]
    listed = [one for one in registrations if one.entry is not None]
    for one in listed:
        room.check_ours(one)
    revoked: list[str] = []
    if not print_only:
        for one in listed:
            room.uninstall(one)
            revoked += revoke_token(found, token_of(one.entry))
    places = [str(one.file) for one in listed]
    if as_json:
        show_json({"client": found.name, "files": places, "changed": bool(listed) and not print_only})
        return
    if not listed:
        show_text(f"{found.title} has no Connectory; nothing was changed.")
    for place in places:
        show_text(f"{'Would take' if print_only else 'Took'} Connectory out of {place}.")
    for prefix in revoked:
        note(f"The token that it used ({prefix}) is revoked.")
    if listed and not print_only:
        note(f"A running {found.title} keeps it until it is restarted or reloads its servers.")


class _Install:
    """One run of `install CLIENT`."""

    def __init__(
        self,
        registration: Registration,
        machine: Machine,
        settings: Settings,
        max_tools: int | None,
        print_only: bool,
        as_json: bool,
    ) -> None:
        from connectory.cli.clients.entries import tools_of

        self._registration, self._machine, self._settings = registration, machine, settings
        self._client = registration.client
        self._tools = max_tools or tools_of(registration.entry) or self._client.tools
        self._print_only, self._as_json = print_only, as_json

    def run(self, over_http: bool) -> None:
        """Write the entry, or show it."""
        from connectory.cli.clients.registration import check_ours

        if not self._print_only:
            check_ours(self._registration)
        if over_http:
            self._remote()
        else:
            self._local()

    def _local(self) -> None:
        from connectory.cli.clients import entries, registration
        from connectory.cli.clients.handing_on import environment_for_client, revoke_token

        around = self._machine.windows if self._machine.is_windows_file(self._registration.file) else None
        environment, unseen = environment_for_client(self._settings)
        command = entries.absolute_command()
        entry = entries.local_entry(self._client, command, self._tools, environment, around)
        if self._print_only:
            self._show(entry, "stdio")
        else:
            written = registration.install(self._registration, entry, holds_secret=False)
            retired = revoke_token(self._client, entries.token_of(self._registration.entry)) if written else []
            self._tell(written, "stdio", [f"The token that it used ({prefix}) is revoked." for prefix in retired])
        if unseen:
            note(f"The client will not see these secret settings of yours: {', '.join(unseen)}. Add them to its entry.")
        if not self._settings.is_local:
            note("This server is set up for more than this machine: the entry needs CONNECTORY_TOKEN, or use --http.")

    def _remote(self) -> None:
        from connectory.cli.clients import entries, registration
        from connectory.cli.clients.handing_on import revoke_token, token_for

        origin = self._settings.origin
        if self._print_only:
            self._show(entries.remote_entry(self._client, origin, self._tools, PLACEHOLDER), "http")
            return
        token, made = token_for(self._client, entries.token_of(self._registration.entry))
        entry = entries.remote_entry(self._client, origin, self._tools, token)
        try:
            written = registration.install(self._registration, entry, holds_secret=True)
        except BaseException:
            if made:
                revoke_token(self._client, token)
            raise
        said = [f"A new token '{self._client.name}' stands in it: only its owner may read it now (mode 0600)."]
        if not made:
            said = ["It is readable by its owner alone now (mode 0600)."] if written and written.tightened else []
        said.append("It is reached while `connectory serve` runs.")
        if self._client.in_container and self._machine.system == "linux" and self._settings.is_local:
            said.append(
                "On Linux without Docker Desktop a container does not reach this machine's loopback. Set"
                " CONNECTORY_HOST to the address that it does reach (mostly 172.17.0.1), then run `connectory serve`"
                " and this again with it. Where that is 0.0.0.0, set APP_URL too."
            )
        self._tell(written, "http", said)

    def _show(self, entry: dict[str, Any], transport: str) -> None:
        from connectory.cli.clients.registration import shown

        if self._as_json:
            show_json({**self._described(transport, changed=False), "entry": entry})
            return
        show_text(shown(self._client, entry))
        note(f"This would stand in {self._registration.file}; the rest of the file would stay as it is.")

    def _tell(self, written: Written | None, transport: str, said: list[str]) -> None:
        if self._as_json:
            backup = str(written.backup) if written and written.backup else None
            then = self._client.then if written else None
            show_json({**self._described(transport, changed=written is not None), "backup": backup, "then": then})
            return
        file, title = self._registration.file, self._client.title
        if written is None:
            show_text(f"{title} has Connectory already ({file}); nothing was changed.")
            return
        show_text(f"Connectory is in {title}'s file {file}.")
        if written.backup is not None:
            note(f"The file as it was: {written.backup}")
        for sentence in [*said, self._client.then]:
            note(sentence)

    def _described(self, transport: str, *, changed: bool) -> dict[str, Any]:
        return {
            "client": self._client.name,
            "file": str(self._registration.file),
            "transport": transport,
            "max_tools": self._tools,
            "changed": changed,
        }


def _registration(client: Client, machine: Machine, file: Path | None, *, even_if_absent: bool) -> Registration:
    from connectory.cli.clients.catalogue import spots
    from connectory.cli.clients.registration import read_registration

    if file is not None:
        return read_registration(client, file)
    first, *others = spots(client, machine)
    if not first.found and not even_if_absent:
        where = " in the folder that is its /app/server/storage" if client.in_container else ""
        raise ClientFileUnusable(
            f"{client.title} was not found on this machine. Its file would be {first.file}.",
            hint=f"If it stands elsewhere{where}, or you want that file made: "
            f"connectory install {client.name} --file {shlex.quote(str(first.file))}",
        )
    for other in (spot for spot in others if spot.found):
        note(f"Another one is at {other.file}: give it as --file to have Connectory there too.")
    return read_registration(client, first.file)


def _list(machine: Machine, *, as_json: bool) -> None:
    from connectory.cli.clients.catalogue import CLIENTS, spots

    listed = []
    for client in CLIENTS:
        spot = spots(client, machine)[0]
        state = _state(client, spot.file) if spot.found else None
        listed.append(
            {
                "client": client.name,
                "title": client.title,
                "found": spot.found,
                "installed": state in ("stdio", "http"),
                "state": state,
                "file": str(spot.file),
            }
        )
    if as_json:
        show_json(listed)
        return
    rows = [(one["client"], one["title"], one["found"], one["state"], one["file"]) for one in listed]
    show_table(("CLIENT", "NAME", "FOUND", "CONNECTORY", "FILE"), rows, empty="")
    note("`connectory install CLIENT` puts Connectory into its file.")


def _state(client: Client, file: Path) -> str | None:
    """How Connectory is registered there: stdio, http, not at all, or why that cannot be told."""
    from connectory.cli.clients.entries import is_ours, transport_of
    from connectory.cli.clients.registration import read_registration

    try:
        entry = read_registration(client, file).entry
    except ClientFileUnusable:
        return "unreadable"
    if entry is None:
        return None
    return transport_of(entry) if is_ours(entry) else "another's"
