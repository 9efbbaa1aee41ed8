"""The encryption key: whether it is there, private, and the one that the stored values were encrypted with."""

from __future__ import annotations

from connectory.cli.connections import renewing_command
from connectory.cli.doctor.database import Sound
from connectory.cli.doctor.finding import Finding, from_error, note, ok, wrong
from connectory.errors import ConnectoryError
from connectory.settings import KEY_NAME, Settings
from connectory.vault.inspection import SealedRows, count_sealed, inspecting
from connectory.vault.key_file import how_to_put_back
from connectory.vault.key_forms import holds_short_key
from connectory.vault.keys import KEY_FILE, KeyRing, KeyText, find_keys

GROUP = "key"
MOST_NAMES = 10


def check_key(settings: Settings, database: Sound) -> tuple[KeyRing | None, list[Finding]]:
    """Return the ring, None where there is none that can be used."""
    try:
        found = find_keys(settings)
        keys = found.parse() if found is not None else None
    except ConnectoryError as error:
        return None, [from_error(GROUP, error)]
    sealed = _count(database, keys)
    if found is None or keys is None:
        return None, [_missing(settings, sealed)]
    findings = [_opened(settings, database, found, sealed)]
    if holds_short_key(found.text.get_secret_value()):
        findings.append(
            note(
                GROUP,
                f"{found.source}: a key of 32 hex digits holds 128 bits only.",
                "It is safe for now. New installations use 64 hex digits.",
            )
        )
    return keys, findings


def _missing(settings: Settings, sealed: SealedRows) -> Finding:
    path = settings.data_dir / KEY_FILE
    if not sealed.total:
        return ok(GROUP, f"There is none yet; the first start makes {path}.")
    return wrong(
        GROUP,
        f"There is no key file {path}, and {sealed.total} stored values need it{_names(sealed)}.",
        f"{how_to_put_back(path)} No start makes a new one, which would open none of them.",
    )


def _opened(settings: Settings, database: Sound, found: KeyText, sealed: SealedRows) -> Finding:
    if not sealed.lost:
        what = f"opens all {sealed.total} stored values" if sealed.total else "is there; nothing is stored yet"
        return ok(GROUP, f"{found.source} {what}.")
    other = settings.model_copy(update={"encryption_key": None})
    if settings.encryption_key is not None and not _lost_with(other, database):
        cure = f"The file {settings.data_dir / KEY_FILE} has the right key: unset {KEY_NAME}, here and in your clients."
    else:
        cure = (
            "Put back the key they were encrypted with, or add it behind this one after a comma. If it is lost, connect"
            f" these accounts again{_commands(sealed)}."
        )
    message = f"{found.source} does not open {sealed.lost} of {sealed.total} stored values{_names(sealed)}."
    return wrong(GROUP, message, cure)


def _lost_with(settings: Settings, database: Sound) -> int:
    """How many do not open with the key file instead."""
    try:
        found = find_keys(settings)
        return _count(database, found.parse() if found is not None else None).lost
    except ConnectoryError:
        return -1


def _count(database: Sound, keys: KeyRing | None) -> SealedRows:
    if database.path is None:
        return SealedRows(0, 0, ())
    with inspecting(database.path) as connection:
        return count_sealed(connection, keys)


def _names(sealed: SealedRows) -> str:
    names = sealed.connections[:MOST_NAMES]
    more = len(sealed.connections) - len(names)
    return f" (connections: {', '.join(names)}{f' and {more} more' if more else ''})" if names else ""


def _commands(sealed: SealedRows) -> str:
    if not sealed.connections:
        return ""
    connector, _, alias = sealed.connections[0].partition("/")
    again = renewing_command(connector, alias, is_shared=sealed.connections[0] in sealed.shared)
    return f", e.g. `{again}`"
