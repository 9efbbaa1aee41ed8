"""Checks of the requests that come before an action's own: what they keep is there when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign
from connectory.catalog.checks.names import Names, placeholders_of
from connectory.catalog.checks.requests import check_request, reads, would_change
from connectory.catalog.manifest import ActionManifest, Effect
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath


def kept_by(action: ActionManifest) -> tuple[str, ...]:
    """What the steps of an action give to its request."""
    return tuple(dict.fromkeys(name for step in action.steps for name in step.keep))


def check_steps(path: KeyPath, action: ActionManifest, sign: Sign, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with the steps of an action whose requests may use `names`."""
    known: list[str] = []
    for at, step in enumerate(action.steps):
        here = (*path, at)
        before = replace(names, paging=(), has_key=False, steps=tuple(known))
        yield from check_request((*here, "request"), step.request, sign, before, certain=sign.certain_facts)
        if action.effect is Effect.READ and not reads(step.request):
            blame = would_change(step.request)
            yield Finding((*here, "request"), f"The action is a read, and {blame} is none.", "Set `effect: write`.")
        if step.kind == "text" and step.keep:
            yield Finding((*here, "keep"), "Nothing is kept of a text.", "Leave `as: text` away, or `keep`.")
        for name, text in step.keep.items():
            yield from check_expression((*here, "keep", name), text)
            if name in known:
                yield Finding((*here, "keep", name), f"An earlier step keeps '{name}'.", "Choose another name.")
            if name not in _used_after(action, at):
                yield Finding((*here, "keep", name), f"Nothing uses {{steps.{name}}}.", "Remove it, or use it.")
        known += step.keep


def _used_after(action: ActionManifest, at: int) -> set[str]:
    trees = [tree for request in action.requests[at + 1 :] for tree in (request.path, *request.trees)]
    return {one.name for one in placeholders_of([*trees, action.answer.file_name]) if one.scope == "steps"}
