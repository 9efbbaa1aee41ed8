"""What every tool of every connector is held to: an agent that knows one of them knows how to call the next.

That an action's scopes are among those its sign-in asks for is no rule here: no manifest loads otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations
from xml.etree import ElementTree as ET

from tests.manifests.words import INSTEAD_OF, MEMBER_INSTEAD_OF, MUST_DESTROY, SELF_EVIDENT, TIMES, VERBS

from connectory.catalog.checks.expressions import members_of
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect, Input

ID = re.compile(r"\bids?\b", re.IGNORECASE)
ZONE = re.compile(r"\b(zone|UTC)\b")
PLACEHOLDER = re.compile(r"\{\+?[a-z][\w.]*\}")
WORD = re.compile(r"[a-z]+")
ALIKE = 0.85  # of two descriptions, by difflib; what differs is then no word of their names
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Reasons:
    """What is otherwise on purpose, and why: by tool, `tool.input` or `connector.input`."""

    verbs: Mapping[str, str] = field(default_factory=dict)
    unpaged: Mapping[str, str] = field(default_factory=dict)
    unformed: Mapping[str, str] = field(default_factory=dict)  # ids without a pattern, dates without a format
    named: Mapping[str, str] = field(default_factory=dict)  # inputs and members with another name
    alike: Mapping[str, str] = field(default_factory=dict)  # "tool tool"
    without: Mapping[str, str] = field(default_factory=dict)  # "connector streams", and so webhooks, limits, docs

    def used_up(self, connectors: list[Connector]) -> list[str]:
        """Return the reasons that excuse nothing any more."""
        told = {problem.subject: problem for one in connectors for problem in problems_of(one, Reasons())}
        subjects = {name for subject in told for name in _names(subject)}
        return sorted({reason for table in vars(self).values() for reason in table} - subjects)


@dataclass(frozen=True)
class Problem:
    """What is wrong, and with what."""

    subject: str
    message: str

    def __str__(self) -> str:
        """As a line of a test's failure."""
        return f"{self.subject}: {self.message}"


def problems_of(connector: Connector, reasons: Reasons) -> list[Problem]:
    """Return everything that is wrong with the tools of a connector, but for what has its reason."""
    found = list(_of_connector(connector, reasons))
    for action in connector.actions.values():
        found += _of(action, connector, reasons)
    return found


def _of(action: Action, connector: Connector, reasons: Reasons) -> Iterator[Problem]:
    yield from _name(action, reasons)
    yield from _description(action, connector, reasons)
    yield from _effect(action, connector, reasons)
    yield from _pages(action, reasons)
    yield from _members(action, reasons)
    for name, spec in action.manifest.inputs.items():
        yield from _input(f"{action.tool}.{name}", name, spec, action, reasons)


def _names(subject: str) -> tuple[str, ...]:
    """The names by which a reason may be given for `tool.input`: that, and `connector.input`."""
    tool, _, name = subject.partition(".")
    words = tool.split("_")
    return (subject, *(f"{'_'.join(words[:at])}.{name}" for at in range(1, len(words)) if name))


def _has(table: Mapping[str, str], subject: str) -> bool:
    return any(name in table for name in _names(subject))


def _name(action: Action, reasons: Reasons) -> Iterator[Problem]:
    verb, _, thing = action.name.partition("_")
    if not re.fullmatch(r"[a-z0-9_]{1,40}", action.tool):
        yield Problem(action.tool, "A tool's name has a-z, 0-9 and _, 40 at most.")
    if not thing:
        yield Problem(action.tool, "The name is a verb and what it is about: search_pages.")
    if verb not in VERBS[action.effect] and action.tool not in reasons.verbs:
        known = " ".join(sorted(VERBS[action.effect]))
        yield Problem(action.tool, f"'{verb}' is no verb of what is {action.effect}: {known} (words.py).")


def _description(action: Action, connector: Connector, reasons: Reasons) -> Iterator[Problem]:
    text = action.manifest.description.strip()
    verb = action.name.partition("_")[0].capitalize()
    if not 40 <= len(text) <= 200:
        yield Problem(action.tool, f"The description has {len(text)} characters: 40 to 200.")
    if text.split()[0] != verb:
        yield Problem(action.tool, f"The description begins with '{text.split()[0]}', the name with '{verb}'.")
    if connector.title not in text:
        yield Problem(action.tool, f"The description does not say {connector.title}.")
    if not text.endswith("."):
        yield Problem(action.tool, "The description ends with a period.")
    if action.manifest.docs == connector.manifest.docs and f"{connector.name} docs" not in reasons.without:
        yield Problem(f"{connector.name} docs", f"{action.name}: `docs` is the page of the API, not of this operation.")


def _effect(action: Action, connector: Connector, reasons: Reasons) -> Iterator[Problem]:
    verb, _, thing = action.name.partition("_")
    if verb in MUST_DESTROY and action.effect is not Effect.DESTRUCTIVE and action.tool not in reasons.verbs:
        yield Problem(action.tool, f"Who hears '{verb}' takes it for destructive.")
    if verb == "trash" and f"restore_{thing}" not in connector.actions and action.tool not in reasons.verbs:
        yield Problem(action.tool, f"Nothing restores it, so it is no 'trash': destructive, or add restore_{thing}.")


def _pages(action: Action, reasons: Reasons) -> Iterator[Problem]:
    spec = action.manifest
    if action.name.startswith("list_") and spec.answer.items is None:
        yield Problem(action.tool, "A list has `answer.items`.")
    is_list = action.effect is Effect.READ and spec.answer.items is not None
    if is_list and spec.pages is None and action.tool not in reasons.unpaged:
        yield Problem(action.tool, "A list without `pages`.")


def _members(action: Action, reasons: Reasons) -> Iterator[Problem]:
    for member in sorted(members_of(action.manifest.answer.shown) or ()):
        right = MEMBER_INSTEAD_OF.get(member)
        if right is not None and not _has(reasons.named, f"{action.tool}.{member}"):
            yield Problem(f"{action.tool}.{member}", f"In an answer it is {right} everywhere else.")


def _input(where: str, name: str, spec: Input, action: Action, reasons: Reasons) -> Iterator[Problem]:
    if not _has(reasons.named, where):
        yield from _input_name(where, name, spec)
    yield from _described(where, spec)
    if not _has(reasons.unformed, where):
        yield from _id(where, spec)
        yield from _date(where, name, spec, action)


def _input_name(where: str, name: str, spec: Input) -> Iterator[Problem]:
    if name in INSTEAD_OF:
        yield Problem(where, f"Everywhere else it is {INSTEAD_OF[name]}.")
    if name == "id" or re.search(r"_(ids?|uuid|gid)$", name):
        yield Problem(where, "Name what it identifies, without id: customer, message, record.")
    if name in ("from", "to") and (spec.format or "").startswith("date"):
        yield Problem(where, "Of a time it is start, end, start_date, end_date.")
    if name == "page" and spec.type == "integer":
        yield Problem(where, "Everywhere else it is cursor (which `pages` give).")


def _described(where: str, spec: Input, *, top: bool = True) -> Iterator[Problem]:
    if not spec.description and (top or where.rpartition(".")[2] not in SELF_EVIDENT):
        yield Problem(where, "Nobody says what to give here.")
    if spec.description and not spec.description.strip().endswith("."):
        yield Problem(where, "The description ends with a period.")
    inner = spec.items.properties if spec.items is not None else spec.properties
    for name, member in (inner or {}).items():
        yield from _described(f"{where}.{name}", member, top=False)


def _id(where: str, spec: Input) -> Iterator[Problem]:
    one = spec.items if spec.items is not None else spec
    if not ID.search(spec.description) or spec.enum is not None or one.value_type not in ("string", "integer"):
        return
    if one.type == "string" and one.pattern is None and one.format is None:
        yield Problem(where, "An id has a pattern.")
    if not spec.examples and not one.examples:
        yield Problem(where, "An id has an example.")


def _date(where: str, name: str, spec: Input, action: Action) -> Iterator[Problem]:
    is_text = spec.value_type == "string" and spec.enum is None
    if spec.format not in ("date", "date-time"):
        if is_text and spec.pattern is None and (name.endswith(TIMES) or name in ("start", "end")):
            yield Problem(where, "A time has a format (date, date-time), or a pattern.")
        return
    if not spec.examples:
        yield Problem(where, "A date has an example.")
    bounds = name.endswith(("_after", "_before")) or name in ("start_date", "end_date")
    is_bound = bounds and action.effect is Effect.READ
    if (spec.format == "date-time" or is_bound) and not ZONE.search(spec.description):
        yield Problem(where, "Say in which zone: with its zone, in UTC, in the account's zone.")


def _of_connector(connector: Connector, reasons: Reasons) -> Iterator[Problem]:
    manifest = connector.manifest
    if len(manifest.tasks) < 5:
        yield Problem(connector.name, "Five tasks, or more, that people would ask for.")
    for key in ("streams", "webhooks", "limits"):
        if not getattr(manifest, key) and not manifest.is_bundle and f"{connector.name} {key}" not in reasons.without:
            yield Problem(f"{connector.name} {key}", "None is declared: say why, where the provider has none.")
    yield from _logo(connector)
    for one, other in combinations(connector.actions.values(), 2):
        if f"{one.tool} {other.tool}" not in reasons.alike:
            yield from _alike(one, other)


def _logo(connector: Connector) -> Iterator[Problem]:
    logo = connector.manifest.logo
    if logo is None:
        yield Problem(connector.name, "It has no `logo`.")
        return
    svg = ET.fromstring(logo)
    shapes = {"svg", "title", "path", "g", "circle", "rect", "ellipse", "polygon"}
    if svg.tag != f"{SVG}svg" or svg.get("viewBox") != "0 0 24 24" or svg.find(f"{SVG}title") is None:
        yield Problem(
            connector.name, 'The logo is `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">`, with a title.'
        )
    if {part.tag.removeprefix(SVG) for part in svg.iter()} - shapes or len(logo) > 4_096:
        yield Problem(connector.name, f"The logo holds more than {' '.join(sorted(shapes))}, or over 4 KB.")


def _alike(one: Action, other: Action) -> Iterator[Problem]:
    pair = f"{one.tool} {other.tool}"
    if _fixed(one) == _fixed(other):
        yield Problem(pair, "Both send the same request.")
    texts = [action.manifest.description for action in (one, other)]
    differing = set(WORD.findall(texts[0])) ^ set(WORD.findall(texts[1]))
    things = {word for action in (one, other) for word in action.name.split("_")}
    if (
        one.effect is other.effect
        and SequenceMatcher(None, texts[0], texts[1]).ratio() > ALIKE
        and not differing & things
    ):
        yield Problem(pair, f"A model cannot tell them apart: {texts[0]!r}, {texts[1]!r}.")


def _fixed(action: Action) -> str:
    """The request with every placeholder alike: what two requests have in common whatever is given."""
    request = action.manifest.request.model_dump(exclude_unset=True)
    return PLACEHOLDER.sub("{}", json.dumps(request, sort_keys=True))
