"""Checks of one action: its name, inputs, request, pages and answer fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from connectory.catalog.checks.answers import check_answer, check_errors
from connectory.catalog.checks.facts import Sign
from connectory.catalog.checks.inputs import check_inputs
from connectory.catalog.checks.names import Names, has_doubled, is_certain, meant_inputs, placeholders_of, used_inputs
from connectory.catalog.checks.pages import check_pages, paging_of
from connectory.catalog.checks.requests import check_request, reads
from connectory.catalog.checks.steps import check_steps, kept_by
from connectory.catalog.connector import tool_name
from connectory.catalog.manifest import ActionManifest, Effect, OAuth2Method, Request, TokenRequest
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

TOOL_NAME = re.compile(r"[a-z0-9_]{1,40}")
RAW_REQUEST = "request"  # policy and audit call a raw request `{connector}_request`


def check_action(path: KeyPath, action: ActionManifest, sign: Sign) -> Iterator[Finding]:
    """Yield what is wrong with one action."""
    yield from _check_name(path, sign)
    yield from check_inputs((*path, "inputs"), action.inputs)
    yield from _check_needs((*path, "needs"), action)
    lacking = sign.lacking(sign.ways)
    is_write = action.effect is not Effect.READ
    names = Names(
        action.inputs, action.needs, sign.known_facts, lacking, paging=paging_of(action.pages), has_key=is_write
    )
    yield from check_steps((*path, "steps"), action, sign, names)
    names = replace(names, steps=kept_by(action))
    yield from check_request((*path, "request"), action.request, sign, names, certain=sign.certain_facts)
    yield from _check_use(path, action)
    yield from _check_effect(path, action)
    yield from check_pages(path, action)
    yield from check_answer((*path, "answer"), action, sign, names)
    yield from check_errors((*path, "errors"), action.errors, action)
    yield from _check_sign_in(path, action, sign)
    yield from _check_key(path, action, sign)


def _check_needs(path: KeyPath, action: ActionManifest) -> Iterator[Finding]:
    for at, names in enumerate(action.needs):
        here = (*path, at)
        for place, name in enumerate(names):
            if name not in action.inputs:
                hint = did_you_mean(name[:60], action.inputs) or "Name inputs of this action."
                yield Finding((*here, place), f"There is no input '{name[:60]}'.", hint)
        sure = [name for name in names if name in action.inputs and is_certain(action.inputs[name])]
        if len(names) < 2 or sure:
            hint = "Name two inputs or more, none of them required; one that must be given has `required: true`."
            yield Finding(here, "This asks for nothing more than `inputs` do.", hint)


def _check_name(path: KeyPath, sign: Sign) -> Iterator[Finding]:
    tool = tool_name(sign.manifest.name, str(path[-1]))
    if not TOOL_NAME.fullmatch(tool):
        yield Finding(
            path, f"The tool's name {tool} has {len(tool)} characters.", "At most 40 fit: shorten the action's name."
        )
    if path[-1] == RAW_REQUEST:
        yield Finding(path, f"Rules call a raw request {tool}, so no action has that name.", "Choose another name.")


def _check_use(path: KeyPath, action: ActionManifest) -> Iterator[Finding]:
    """Every input is used, and what a path needs is there."""
    requests = action.requests
    used = {name for request in requests for name in used_inputs([request.path, *request.trees])}
    used |= used_inputs(action.answer.file_name)
    used |= {name for request in requests for name in meant_inputs([request.path, *request.trees])}
    for name in action.inputs:
        if name not in used:
            doubled = any(has_doubled([request.path, *request.trees], name) for request in requests)
            hint = f"Write {{{name}}} where it belongs, or remove it."
            hint = f"{{{{{name}}}}} is the text {{{name}}}: write {{{name}}} for the input." if doubled else hint
            yield Finding((*path, "inputs", name), f"The input '{name}' is used nowhere in the request.", hint)
    for request in requests:
        yield from _check_path_is_sure(path, request, action)


def _check_path_is_sure(path: KeyPath, request: Request, action: ActionManifest) -> Iterator[Finding]:
    names = Names(action.inputs)
    for item in placeholders_of(request.path.partition("?")[0]):  # a query there is told by itself
        spec = action.inputs.get(item.name) if item.scope == "input" else None
        if spec is None:
            continue
        here = (*path, "inputs", item.name)
        if not is_certain(spec) or spec.nullable:
            hint = "Add `required: true`, and no `nullable`."
            yield Finding(here, f"'{item.name}' stands in the path, so it must be given.", hint)
        elif item.path and not is_certain(names.spec_of(item)):
            yield Finding(here, f"{item} stands in the path, so it must be given.", "Make the member required too.")


def _check_effect(path: KeyPath, action: ActionManifest) -> Iterator[Finding]:
    request = action.request
    if action.effect is Effect.READ and not reads(request):
        if request.graphql is not None:
            yield Finding((*path, "effect"), "A mutation is no read.", "Set `effect: write` or `destructive`.")
        else:
            hint = "Set `effect: write` or `destructive`, or use another method."
            yield Finding((*path, "effect"), f"A {request.method} is no read.", hint)
    if action.effect is Effect.READ and action.idempotent is False:
        yield Finding((*path, "idempotent"), "A read changes nothing however often it is sent.", "Remove it.")


def _check_sign_in(path: KeyPath, action: ActionManifest, sign: Sign) -> Iterator[Finding]:
    if sign.ways is None:
        return
    if action.credential is not None:
        known = {name for method in sign.methods for name in method.by_credential}
        if action.credential not in known:
            hint = (
                did_you_mean(action.credential[:60], known) or "Declare it under `by_credential` of a way to sign in."
            )
            yield Finding((*path, "credential"), f"No way to sign in has a credential '{action.credential}'.", hint)
    for at, scope in enumerate(action.scopes):
        if not scope:
            yield Finding((*path, "scopes", at), "No scope is named.", "Name one, or a list of which one is enough.")
        elif action.credential is None:  # of another credential the scopes may be asked for in another way
            yield from check_scope((*path, "scopes", at), scope, sign)


def check_scope(path: KeyPath, scope: str | list[str], sign: Sign) -> Iterator[Finding]:
    """Yield a scope that no sign-in asks for, where there is one that lists its scopes; of a list, one is enough."""
    known = {one for method in sign.methods if isinstance(method, TokenRequest) for one in method.scopes}
    known |= {one for method in sign.methods if isinstance(method, OAuth2Method) for one in method.always_scopes}
    any_of = [scope] if isinstance(scope, str) else scope
    if known and not known & set(any_of):
        hint = did_you_mean(any_of[0][:60], known) or "List it in the method's `scopes`."
        yield Finding(path, f"The sign-in never asks for the scope '{' or '.join(any_of)[:100]}'.", hint)


def _check_key(path: KeyPath, action: ActionManifest, sign: Sign) -> Iterator[Finding]:
    """A call that takes an idempotency key has a place for it."""
    key = sign.manifest.idempotency
    if "takes_key" in action.model_fields_set and (key is None or action.effect is Effect.READ):
        why = "the file names no `idempotency` key" if key is None else "a read takes none"
        yield Finding((*path, "takes_key"), f"There is no key to take: {why}.", "Remove it.")
    request = action.request
    if action.takes_key is False and key is not None and key.variable is not None and key.has_place_in(request):
        yield Finding(
            (*path, "takes_key"), f"${key.variable} is declared, and nothing fills it.", "Remove one of them."
        )
    if key is None or not action.is_keyed:
        return
    if action.takes_key and not key.has_place_in(request):
        hint = f"Declare ${key.variable} in the mutation, or remove this."
        yield Finding((*path, "takes_key"), "The idempotency key has no place: its variable is not declared.", hint)
    body, query = request.body, request.query
    if key.body is not None:
        if request.encoding != "json" or request.graphql is not None or not isinstance(body, dict):
            hint = "Set `takes_key: false`, or send a JSON mapping."
            yield Finding((*path, "request"), "The idempotency key has no place: the body is no JSON mapping.", hint)
        elif key.body in body:
            yield Finding(
                (*path, "request", "body", key.body), f"'{key.body}' is set by `idempotency`.", "Leave it out."
            )
    if key.query is not None and key.query in query:
        yield Finding(
            (*path, "request", "query", key.query), f"'{key.query}' is set by `idempotency`.", "Leave it out."
        )
