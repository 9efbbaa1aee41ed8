"""`settings` and `version`: how this installation is set up."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from connectory import __version__
from connectory.cli.options import AsJson
from connectory.cli.output import note, show_json, show_table, show_text
from connectory.errors import InvalidSettings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from connectory.settings import Settings

HIDDEN = "set (not shown)"


def version(as_json: AsJson = False) -> None:
    """Say which version this is."""
    if as_json:
        show_json({"version": __version__, "python": platform.python_version()})
    else:
        show_text(f"connectory {__version__}")


def settings(as_json: AsJson = False) -> None:
    """List every setting: its environment variable, value, default and meaning."""
    from connectory.settings import Settings, load_settings

    problem: InvalidSettings | None = None
    current: Settings | None = None
    try:
        current = load_settings()
    except InvalidSettings as error:
        problem = error
    fields = {name: field for name, field in Settings.model_fields.items() if field.alias}
    listed = [_describe(name, field, current) for name, field in fields.items()]
    families = sorted(current.oauth_clients) if current else []
    if as_json:
        show_json({"settings": listed, "oauth_clients": families})
    else:
        rows = [(one["name"], _shown(one), one["default"], one["description"]) for one in listed]
        show_table(("SETTING", "VALUE", "DEFAULT", "MEANING"), rows, empty="")
        note("<FAMILY>_CLIENT_ID and <FAMILY>_CLIENT_SECRET give the OAuth app of a provider.")
        if families:
            note(f"OAuth apps are set for: {', '.join(families)}.")
    if problem is not None:
        raise InvalidSettings(
            problem.message, hint="The list shows what is allowed; values are left out until this is mended."
        )


def _describe(name: str, field: FieldInfo, current: Settings | None) -> dict[str, Any]:
    secret = is_secret(field)
    is_set = current is not None and name in current.model_fields_set
    value = None if current is None or secret else _plain(getattr(current, name))
    return {
        "name": field.alias,
        "value": value,
        "default": _plain(field.get_default(call_default_factory=True, validated_data={})),
        "is_set": is_set,
        "secret": secret,
        "description": field.description,
    }


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting must not be shown: a `SecretStr`, or one kept out of `repr`, e.g. an address with password."""
    return "SecretStr" in str(field.annotation) or not field.repr


def _shown(one: dict[str, Any]) -> str:
    if one["secret"]:
        return HIDDEN if one["is_set"] else ""
    value = one["value"]
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _plain(value: object) -> object:
    """As JSON has it: lists for tuples, text for paths."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
