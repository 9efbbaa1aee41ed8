"""`backup` and `restore`: everything of a data folder in one file, and back."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.acting import prepared_settings
from connectory.cli.options import AsJson
from connectory.cli.output import moment, note, show_json, show_text

if TYPE_CHECKING:
    from connectory.settings import Settings
    from connectory.vault.backup import BackupMade
    from connectory.vault.restore import Restored


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write, e.g. connectory-backup.tar.")],
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key", help="Put the encryption key in too: whoever has the file can then use every account."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a backup of everything into one file, also while servers run."""
    settings = prepared_settings(quiet=True)
    from connectory.vault.backup import make_backup

    made = make_backup(settings, file, with_key=with_key, force=force)
    if as_json:
        show_json(
            {
                "file": str(made.file),
                "created_at": moment(made.info.created_at),
                "connections": made.info.connections,
                "manifests": made.info.manifests,
                "has_key": made.info.has_key,
                "unreadable": made.sealed.lost,
            }
        )
    else:
        show_text(
            f"Wrote {made.file} ({made.file.stat().st_size / 1024:,.0f} KB): the database with"
            f" {_count(made.info.connections, 'connection')}, the demo's boards and"
            f" {_count(made.info.manifests, 'manifest')} of your own."
        )
        show_text(_about_key(made))
        show_text("To bring it back: connectory restore FILE")
    _warn_of_backup(made, settings)


def restore(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A file that `connectory backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Move what is in the data folder aside first; nothing is deleted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into the data folder, while no server runs. It brings tokens, people and policies back too."""
    settings = prepared_settings(quiet=True)
    from connectory.vault.restore import in_use, restore_backup
    from connectory.web.election import is_held

    with contextlib.suppress(OSError):  # a folder that cannot be looked into: the restore says so
        if is_held(settings.data_dir):
            raise in_use(settings.data_dir)
    restored = restore_backup(settings, file, replace=replace)
    info = restored.archive.info
    if as_json:
        show_json(
            {
                "data_dir": str(restored.folder),
                "created_at": moment(info.created_at),
                "connections": info.connections,
                "manifests": info.manifests,
                "has_key": restored.has_key,
                "unreadable": restored.sealed.lost,
                "moved_aside_to": [str(folder) for folder in restored.aside],
            }
        )
    else:
        show_text(
            f"Restored the backup of {moment(info.created_at)} into {restored.folder}:"
            f" {_count(info.connections, 'connection')}, {_count(info.manifests, 'manifest')} of your own."
        )
        for folder in restored.aside:
            show_text(f"What was there before is in {folder}. Delete it once you are sure.")
    _tell_key(restored)


def _about_key(made: BackupMade) -> str:
    if made.info.has_key:
        return (
            "The encryption key is in it: whoever gets this file can use every account in it. Keep it like a password."
        )
    where = f" It is here now: {made.key_source}." if made.key_source else " It is missing now: look for it."
    return (
        "The encryption key is not in it, and without it nobody can open the sign-ins: keep a copy of it apart from"
        f" this file.{where}"
    )


def _warn_of_backup(made: BackupMade, settings: Settings) -> None:
    if made.sealed.lost:
        note(
            f"{made.sealed.lost} of {made.sealed.total} encrypted values do not open with the key at hand. They are in"
            " the backup as they are; `connectory doctor` says more."
        )
    if not made.is_private:
        note(f"The disk of {made.file} keeps no file modes: others who can use it can read the backup.")
    if made.left_out:
        note(f"Left out of the manifests folder, since no start reads them: {', '.join(made.left_out)}.")
    if settings.manifests:
        note(f"Not in it: the folders in CONNECTORY_MANIFESTS ({', '.join(map(str, settings.manifests))}).")


def _tell_key(restored: Restored) -> None:
    if not restored.sealed.total:
        return
    if not restored.has_key:
        note(
            f"There is no key yet: before you start Connectory, put the key that belongs to this backup into"
            f" {restored.folder / 'key'} (and `chmod 600` it), or set CONNECTOR_ENCRYPTION_KEY. Without it none of the"
            f" {_count(restored.sealed.total, 'encrypted value')} opens."
        )
    elif restored.sealed.lost:
        note(
            f"{restored.sealed.lost} of {restored.sealed.total} encrypted values do not open with the key at hand: it"
            " is not the one of this backup. Put that one in its place; `connectory doctor` says more."
        )
    else:
        note("The key at hand opens everything in it. `connectory doctor` checks the rest.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
