"""What a person typed on the form, checked and divided into facts and secrets. Pure: nobody is asked here.

No problem's text repeats a value: the page shows it, and the value may be a key in the wrong field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from connectory.auth.backend import Entry, Problem
from connectory.auth.hosts import is_allowed_by, parse_origin, reach_by_spelling
from connectory.catalog.manifest import CredentialField, FieldKind
from connectory.errors import InvalidPath
from connectory.net.address import AllowList, Reach
from connectory.settings import Settings

MAX_VALUE_BYTES = 8192
MAX_FILE_BYTES = 65_536
# Cc breaks header lines (attack 62), Cf and the separators hide in pasted text, Cs cannot be encoded.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_OF_A_FILE = frozenset("\n\t")  # what may stand in a file, beside printed text; it goes into no header
_BYTE_ORDER_MARK = "\ufeff"  # some editors write it before a text
_INVISIBLE = "This holds a line break or an invisible character; paste it again without."
BARE_HOST = re.compile(
    r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?", re.ASCII | re.IGNORECASE
)
_NO_TEXT_FILE = "This is no text file, or not the whole of one. Take it as the provider gave it."


@dataclass(frozen=True, slots=True)
class CheckedEntry:
    """What may be kept of an entry, and what is wrong with it; `facts` are what `{connection.NAME}` will stand for."""

    facts: Mapping[str, str]
    secrets: Mapping[str, SecretStr] = field(repr=False)
    problems: tuple[Problem, ...]


def check_entry(fields: Mapping[str, CredentialField], entry: Entry, settings: Settings) -> CheckedEntry:
    """Check every value of `entry` against its field, and refuse values that no field asks for."""
    facts: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}
    problems = [
        Problem("", "The form holds a value that is not asked for here.") for name in entry.values if name not in fields
    ]
    for name, spec in fields.items():
        text = _trim(spec, entry.values.get(name, "")) or (spec.default or "")
        if text == "":
            problems += [Problem(name, "This is needed.")] if spec.required else []
            continue
        text = whole_origin(text) if spec.is_origin else text
        problem = _text_problem(name, spec, text)
        if problem is None and spec.is_origin:
            text, problem = _check_origin(name, text, entry, settings)
        if problem is not None:
            problems.append(problem)
        elif spec.is_secret:
            secrets[name] = SecretStr(text)
        else:
            facts |= spec.facts_of(name, text)
    return CheckedEntry(facts, secrets, tuple(problems))


def _trim(spec: CredentialField, text: str) -> str:
    """A key is pasted with the line break behind it; in a fact a line break is somebody's attempt (attack 14)."""
    if spec.kind is FieldKind.FILE:  # a form posts every line break as two characters; an uploaded file has its own
        return text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n").strip()
    return text.strip() if spec.is_secret else text.strip(" ")


def _text_problem(name: str, spec: CredentialField, text: str) -> Problem | None:
    is_file = spec.kind is FieldKind.FILE
    most, allowed = (MAX_FILE_BYTES, _OF_A_FILE) if is_file else (MAX_VALUE_BYTES, frozenset[str]())
    if len(text.encode(errors="surrogatepass")) > most:
        return Problem(name, f"This is longer than {most // 1024} KB, which no credential is.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in set(text) - allowed):
        return Problem(name, _NO_TEXT_FILE if is_file else _INVISIBLE)
    if spec.choices and text not in spec.choices:
        return Problem(name, f"Choose one of these: {', '.join(spec.choices.values())}.")
    if spec.pattern is not None and re.fullmatch(spec.pattern, text) is None:
        return Problem(name, f"This does not look right. {spec.help}".strip())
    return None


def whole_origin(text: str) -> str:
    """Return an address with what stands in front of it: of a bare host https is meant."""
    return f"https://{text}" if BARE_HOST.fullmatch(text) else text


def _check_origin(name: str, text: str, entry: Entry, settings: Settings) -> tuple[str, Problem | None]:
    """Return the origin in its one spelling, and what speaks against it.

    The spelling alone is judged here; the address that a name leads to is judged where the socket connects.
    """
    try:
        url = parse_origin(text)
    except InvalidPath as error:
        return text, Problem(name, error.text)
    reach = reach_by_spelling(url)
    if reach is Reach.NEVER:
        return text, Problem(name, "This address is never a provider's, and no setting allows it.")
    if is_allowed_by(AllowList(settings.allow_hosts), url):
        return url.origin, None
    if reach is Reach.PUBLIC and url.scheme == "http":
        return text, Problem(name, "Plain http would show the key to everybody on the way; use https.")
    if reach is Reach.PRIVATE and not (entry.private_confirmed and settings.is_local):
        return text, private_address_problem(name, settings)
    return url.origin, None


def private_address_problem(name: str, settings: Settings) -> Problem:
    """Say that the address is in a private network, and who may allow it (design 7.3)."""
    if settings.is_local:
        return Problem(name, "This address is in a private network. Confirm that it is meant.", "private_confirmed")
    return Problem(
        name, "This address is in a private network. Whoever runs this server can allow it in CONNECTORY_ALLOW_HOSTS."
    )
