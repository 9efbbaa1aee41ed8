"""What the page of own connectors shows of a manifest, as plain values: what it can do, where it sends, what is wrong.

Its texts are somebody else's: nothing hidden in them stays hidden, and no address is told by a name that they give it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectory.auth.ways import KINDS
from connectory.catalog.connector import Connector
from connectory.catalog.destinations import calls_of_sign_in, destinations_of
from connectory.catalog.manifest import Effect
from connectory.catalog.own_manifests import SHOWN, CheckedManifest, OwnManifest
from connectory.catalog.problems import ManifestProblem, file_text
from connectory.web.confirm import visible
from connectory.web.connect_form import EFFECT_TITLES
from connectory.web.states import Word

WHOLE_FACT = re.compile(r"\{\+?connection\.([a-z0-9_]+)\}")
MOST_OF_LINE = 200  # characters


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One thing wrong; with the text of its line, since a text area counts none."""

    line: int
    text: str
    key: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class OwnView:
    """One file of this server's folder."""

    name: str
    title: str
    state: Word
    problems: tuple[ProblemView, ...]
    is_serving: bool


@dataclass(frozen=True, slots=True)
class SendingView:
    """Where a manifest sends what it is given: to these addresses, and to what is typed into fields of these titles."""

    addresses: tuple[str, ...]
    typed: tuple[str, ...]
    sign_in_calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedView:
    """What a good manifest will be: what it can do, and where it sends what it is given."""

    name: str
    title: str
    description: str
    sending: SendingView
    ways: tuple[str, ...]
    actions: tuple[tuple[Effect, str, tuple[str, ...]], ...]
    replaces: bool
    advice: tuple[ProblemView, ...]


def view_own(one: OwnManifest, title: str | None) -> OwnView:
    """Return a file of the folder; one that is left out has no title."""
    is_serving = title is not None and not one.problems
    state = Word("Works", "good") if is_serving else Word("Left out", "bad")
    problems = view_problems(one.problems, one.text, file_text(one.file))
    return OwnView(one.name, visible(title or one.name), state, problems, is_serving)


def view_checked(checked: CheckedManifest, text: str) -> CheckedView | None:
    """Return what a good manifest will be."""
    connector = checked.connector
    if connector is None:
        return None
    manifest, actions = connector.manifest, connector.actions.values()
    groups = (
        (effect, title, tuple(one.manifest.title for one in actions if one.effect is effect))
        for effect, title in EFFECT_TITLES.items()
    )
    return CheckedView(
        name=connector.name,
        title=connector.title,
        description=manifest.description,
        sending=view_sending(connector),
        ways=tuple(method.title or KINDS[method.method] for method in connector.auth.values()),
        actions=tuple(group for group in groups if group[2]),
        replaces=checked.replaces,
        advice=view_problems(checked.advice, text),
    )


def view_problems(
    problems: Iterable[ManifestProblem], text: str, file: str = file_text(SHOWN)
) -> tuple[ProblemView, ...]:
    """Return problems with the text of the lines that they name in this file."""
    lines = text.splitlines()
    return tuple(
        ProblemView(
            line=one.line,
            text=_shown(lines[one.line - 1]) if one.file == file and 0 < one.line <= len(lines) else "",
            key=one.key,
            message=one.message,
            hint=one.hint,
        )
        for one in problems
    )


def view_sending(connector: Connector) -> SendingView:
    """Return where a manifest sends; an address that is typed as a whole by what its field is called."""
    fields = [pair for method in connector.auth.values() for pair in method.fields.items()]
    titles = {name: field.title for name, field in fields if field.is_origin}
    whole = {one: match[1] for one in destinations_of(connector) if (match := WHOLE_FACT.fullmatch(one))}
    typed = {one: titles[name] for one, name in whole.items() if name in titles}
    return SendingView(
        addresses=tuple(visible(one) for one in destinations_of(connector) if one not in typed),
        typed=tuple(visible(title) for title in typed.values()),
        sign_in_calls=tuple(map(visible, calls_of_sign_in(connector))),
    )


def _shown(line: str) -> str:
    text = visible(line.strip())
    return text if len(text) <= MOST_OF_LINE else f"{text[:MOST_OF_LINE]}…"
