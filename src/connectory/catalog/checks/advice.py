"""What keeps no manifest out and still should be mended: words that agents and people miss."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectory.catalog.checks.names import only_of, texts_of
from connectory.catalog.manifest import ActionManifest, Input, Manifest
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

NO_VERB = re.compile(
    r"(this|the|a|an|use|tool|action|allows?|returns?|lets?|gets|lists|creates|updates|deletes|sends)\b", re.I
)


def advise(manifest: Manifest) -> Iterator[Finding]:
    """Yield what should be better in a manifest that has passed every check."""
    if not manifest.tasks and not manifest.is_bundle:
        yield Finding(("tasks",), "No task says what people ask for here.", "Name a few, in their words.")
    for name, action in manifest.actions.items():
        yield from _advise_action(("actions", name), action)


def _advise_action(path: KeyPath, action: ActionManifest) -> Iterator[Finding]:
    if found := NO_VERB.match(action.description):
        hint = "Begin with the verb: List, Get, Create."
        yield Finding((*path, "description"), f"A model reads '{found[0]}' first, which says nothing.", hint)
    for name, spec in action.inputs.items():
        yield from _advise_input((*path, "inputs", name), spec)
    request = action.request
    if isinstance(request.body, str) and request.encoding == "json" and only_of(request.body) is None:
        hint = "Write its members as keys; of another format say `encoding: form` or `raw`."
        yield Finding((*path, "request", "body"), "The body is one text, sent as a JSON string.", hint)
    for key in ("query", "body", "headers", "variables", request.method.lower()):
        if any("${" in text for text in texts_of(getattr(request, key))):
            yield Finding((*path, "request", key), "A $ before a placeholder is sent as it stands.", "Write {name}.")


def _advise_input(path: KeyPath, spec: Input) -> Iterator[Finding]:
    if not spec.description:
        yield Finding(path, "Nobody says what to give here.", "Add a `description`.")
    for name, member in (spec.properties or {}).items():
        yield from _advise_input((*path, "properties", name), member)
