"""Checks of streams: what a sync would read exists, can be told apart, and can be asked for anew (design 4.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from connectory.catalog.checks.answers import check_condition
from connectory.catalog.checks.expressions import check_expression, first_fields, members_of
from connectory.catalog.manifest import (
    ActionManifest,
    Effect,
    ListedDeletions,
    Manifest,
    MarkedDeletions,
    MissingDeletions,
    Stream,
)
from connectory.catalog.problems import Finding
from connectory.catalog.schema import property_schema
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean


def check_streams(manifest: Manifest) -> Iterator[Finding]:
    """Yield what is wrong with the streams of a manifest."""
    for name, stream in manifest.streams.items():
        here = ("streams", name)
        action = manifest.actions.get(stream.action)
        yield from _check_list((*here, "action"), stream.action, manifest)
        if action is not None:
            yield from _check_arguments((*here, "arguments"), stream.arguments, action)
            yield from _check_members((*here, "key"), stream.key, action)
            yield from _check_cursor((*here, "cursor"), stream, action)
            yield from _check_twice(here, stream)
            yield from _check_one((*here, "one"), stream, action, manifest)
        yield from _check_for_each((*here, "for_each"), name, manifest)
        yield from _check_deletions((*here, "deletions"), stream, manifest)


def record_members(action: ActionManifest) -> frozenset[str] | None:
    """Return the members that each item of a list has, or None where its projection does not name them."""
    answer = action.answer
    members = members_of(answer.shown)
    into = answer.expand.into if answer.expand is not None else None
    return members | {into} if members is not None and into is not None else members


def _check_list(path: KeyPath, name: str, manifest: Manifest) -> Iterator[Finding]:
    action = manifest.actions.get(name)
    if action is None:
        hint = did_you_mean(name[:60], manifest.actions) or "Name one of `actions`, without the connector's name."
        yield Finding(path, f"There is no action '{name[:60]}'.", hint)
    elif action.effect is not Effect.READ or action.answer.items is None:
        what = "no read" if action.effect is not Effect.READ else "no list: it has no `answer.items`"
        yield Finding(path, f"The action '{name}' is {what}.", "A stream's rows come from a list action.")


def _check_arguments(path: KeyPath, arguments: Mapping[str, object], action: ActionManifest) -> Iterator[Finding]:
    """Each is an input of the action, and fits it."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    for name, value in arguments.items():
        yield from _check_input((*path, name), name, action)
        spec = action.inputs.get(name)
        if spec is None or spec.type == "file":
            continue
        validator = Draft202012Validator(property_schema(spec), format_checker=Draft202012Validator.FORMAT_CHECKER)
        try:
            error = next(validator.iter_errors(value), None)
        except (SchemaError, RecursionError, ValueError):  # an input whose own schema is none is told at its place
            continue
        if error is not None:
            yield Finding((*path, name), f"This does not fit the input's schema: {error.message[:200]}.")


def _check_input(path: KeyPath, name: str, action: ActionManifest) -> Iterator[Finding]:
    if name not in action.inputs:
        hint = did_you_mean(name[:60], action.inputs) or f"Its inputs are: {', '.join(action.inputs) or 'none'}."
        yield Finding(path, f"The action has no input '{name[:60]}'.", hint)


def _check_members(path: KeyPath, names: Sequence[str], action: ActionManifest) -> Iterator[Finding]:
    for at, name in enumerate(names):
        yield from _check_member((*path, at), name, action)
        if name in names[:at]:
            yield Finding((*path, at), f"'{name[:60]}' stands here twice.", "Remove one.")


def _check_member(path: KeyPath, name: str, action: ActionManifest) -> Iterator[Finding]:
    known = record_members(action)
    if known is not None and name not in known:
        hint = did_you_mean(name[:60], known) or f"Its members are: {', '.join(sorted(known))}."
        yield Finding(path, f"The projected item has no member '{name[:60]}'.", hint[:300])


def _check_cursor(path: KeyPath, stream: Stream, action: ActionManifest) -> Iterator[Finding]:
    cursor = stream.cursor
    if cursor is None:
        if stream.schedule.full_every_hours is not None:
            hint = "Without a `cursor` everything is read each time: remove it."
            yield Finding((*path[:-1], "schedule", "full_every_hours"), "It says nothing here.", hint)
        return
    if cursor.member is not None:
        yield from _check_member((*path, "member"), cursor.member, action)
    yield from check_expression((*path, "token"), cursor.token)
    if cursor.expired is not None:
        yield from check_condition((*path, "expired"), cursor.expired)
    if cursor.input is not None:
        yield from _check_input((*path, "input"), cursor.input, action)
        spec = action.inputs.get(cursor.input)
        if spec is not None and spec.required:
            hint = "The first sync has no value for it: make it optional in the action."
            yield Finding((*path, "input"), f"The input '{cursor.input}' is required.", hint)


def _check_one(path: KeyPath, stream: Stream, action: ActionManifest, manifest: Manifest) -> Iterator[Finding]:
    """One row is read by what the key tells, and looks like those of the list."""
    if stream.one is None:
        return
    one = manifest.actions.get(stream.one.action)
    if one is None:
        hint = did_you_mean(stream.one.action[:60], manifest.actions)
        yield Finding((*path, "action"), f"There is no action '{stream.one.action[:60]}'.", hint)
        return
    if one.effect is not Effect.READ or one.answer.items is not None:
        yield Finding((*path, "action"), "It gives no one row.", "Name a read whose answer is one object.")
    for name, member in stream.one.arguments.items():
        yield from _check_input((*path, "arguments", name), name, one)
        if member not in stream.key:
            hint = f"Only the key is known then: {', '.join(stream.key)}."
            yield Finding((*path, "arguments", name), f"'{member[:60]}' is no member of `key`.", hint)
    for name, spec in one.inputs.items():
        if spec.required and name not in stream.one.arguments and name not in action.inputs:
            yield Finding((*path, "arguments"), f"Nothing gives its input '{name}'.", "Name a member of `key`.")
    ours, theirs = record_members(action), record_members(one)
    if ours is not None and theirs is not None and (lacking := sorted(ours - theirs)):
        hint = f"'{stream.one.action}' lacks {', '.join(lacking)}."
        yield Finding((*path, "action"), "Its item has not all that the list's has.", hint[:300])


def _check_twice(path: KeyPath, stream: Stream) -> Iterator[Finding]:
    """Every input has its value from one place."""
    each = set(stream.for_each.arguments) if stream.for_each is not None else set()
    cursor = {stream.cursor.input} if stream.cursor is not None and stream.cursor.input is not None else set()
    for name in stream.arguments:
        if name in each | cursor:
            other = "for_each" if name in each else "cursor"
            yield Finding((*path, "arguments", name), f"'{name}' is given by `{other}` too.", "Remove one of the two.")
    for name in sorted(each & cursor):
        yield Finding((*path, "for_each", "arguments", name), f"'{name}' is given by `cursor` too.", "Remove one.")


def _check_for_each(path: KeyPath, name: str, manifest: Manifest) -> Iterator[Finding]:
    stream = manifest.streams[name]
    if stream.for_each is None:
        return
    parent = manifest.streams.get(stream.for_each.stream)
    if parent is None:
        yield from check_stream_name((*path, "stream"), stream.for_each.stream, manifest.streams)
    elif name in _line_of(stream.for_each.stream, manifest):
        yield Finding((*path, "stream"), "These streams wait for each other.", "Begin with one that needs none.")
    parent_action = manifest.actions.get(parent.action) if parent is not None else None
    action = manifest.actions.get(stream.action)
    for given, member in stream.for_each.arguments.items():
        if action is not None:
            yield from _check_input((*path, "arguments", given), given, action)
        if parent_action is not None:
            yield from _check_member((*path, "arguments", given), member, parent_action)


def _line_of(name: str, manifest: Manifest) -> list[str]:
    """A stream, and those that it is read for, one above the other."""
    line: list[str] = []
    while name in manifest.streams and name not in line:
        line.append(name)
        above = manifest.streams[name].for_each
        name = above.stream if above is not None else ""
    return line


def check_stream_name(path: KeyPath, name: str, streams: Collection[str]) -> Iterator[Finding]:
    """Yield that there is no stream of this name."""
    if name not in streams:
        hint = did_you_mean(name[:60], streams) or "Declare it under `streams`."
        yield Finding(path, f"There is no stream '{name[:60]}'.", hint)


def _check_deletions(path: KeyPath, stream: Stream, manifest: Manifest) -> Iterator[Finding]:
    deletions, action = stream.deletions, manifest.actions.get(stream.action)
    if isinstance(deletions, MissingDeletions) and stream.cursor is not None:
        if stream.schedule.full_every_hours is None:
            hint = "Add `schedule: {full_every_hours: 24}`: with a `cursor` only what is new is read."
            yield Finding(path, "Everything is read only once, so nothing is found to be missing.", hint)
    elif isinstance(deletions, MarkedDeletions):
        yield from check_expression((*path, "when"), deletions.when)
        for name in sorted(first_fields(deletions.when)):
            yield from _check_member((*path, "when"), name, action) if action is not None else ()
    elif isinstance(deletions, ListedDeletions):
        yield from _check_list((*path, "action"), deletions.action, manifest)
        lister = manifest.actions.get(deletions.action)
        if lister is not None:
            yield from _check_arguments((*path, "arguments"), deletions.arguments, lister)
            yield from _check_members((*path, "key"), deletions.key, lister)
            if deletions.input is not None:
                yield from _check_input((*path, "input"), deletions.input, lister)
        if len(deletions.key) != len(stream.key):
            hint = f"Name as many members as `key` does: {len(stream.key)}."
            yield Finding((*path, "key"), "It is another key than the stream's.", hint)
