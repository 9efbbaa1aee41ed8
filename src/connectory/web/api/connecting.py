"""Connecting by REST: a key may come in the request, which is no chat; it is verified before it is kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from connectory.auth.backend import Connected, Entry, Form, MethodForm, Problem, Question
from connectory.auth.sessions import no_session
from connectory.errors import InvalidArguments
from connectory.identity.record import given
from connectory.vault.entities import ConnectSession
from connectory.web.api.callers import Caller
from connectory.web.api.refusals import api_status_of
from connectory.web.api.shapes import BackendName, ConnectBody, ConnectConfig, ConnectedAnswer, LinkAnswer
from connectory.web.api.views import backend_name
from connectory.web.problems import problem_response

CONFIRMATIONS = {
    "private_confirmed": "privateAddressConfirmed",
    "account_change_confirmed": "accountChangeConfirmed",
}


async def make_link(by: Caller, body: ConnectBody) -> LinkAnswer:
    """Return the address at which a person signs in."""
    ask = by.services.accounts.ask_connect
    return await link_to(by, await ask(by.principal, body.provider, **_wishes(body)))


async def link_to(by: Caller, session: ConnectSession) -> LinkAnswer:
    """Return a session's address. `method` is the backend that was asked for, else the first one offered there."""
    auth = by.services.auth
    offered = await auth.provider_config(by.principal, session.connector, session.backend)
    method = backend_name(offered[0].backend)
    return LinkAnswer(auth_url=auth.link_url(session), connection_id=session.connection_id, method=method)


async def connect_at_once(by: Caller, body: ConnectBody) -> ConnectedAnswer | Response:
    """Sign in with what came, as at a terminal. What is wrong with it is said, and the session ended.

    The session is this request's own: a person may have another one open for the same, on the page.
    """
    what = body.metadata
    asked = {"connector": body.provider, "alias": what.alias, "shared": what.shared, **given(labels=what.labels)}
    async with by.services.accounts.connecting(by.principal, asked) as line:
        auth = by.services.auth
        session = await auth.connect(by.principal, body.provider, **_wishes(body), usable=no_session)
        outcome: Sequence[Problem] | Connected = ()
        try:
            step = await auth.sign_in.first_step(session)
            entry = _entry(session.connector, step.methods if isinstance(step, Form) else (), body.config)
            entry = replace(entry, private_confirmed=entry.private_confirmed and _is_a_persons(by))
            done = await auth.sign_in.submit(session, secrets.token_urlsafe(32), entry)
            outcome = done if isinstance(done, Connected) else _problems_of(done)
        finally:
            if not isinstance(outcome, Connected):
                await auth.sign_in.end(session)
        if not isinstance(outcome, Connected):
            line.refuse(next((one.failure.code for one in outcome if one.failure is not None), InvalidArguments.code))
            return await _not_connected(by, body, outcome)
        return await _connected(by, outcome)


async def _connected(by: Caller, done: Connected) -> ConnectedAnswer:
    row, grant = await by.services.auth.resolve(by.principal, done.connection.id)
    method: BackendName = backend_name(grant.backend)
    return ConnectedAnswer(connection_id=row.id, method=method, status=grant.status.value)


def _is_a_persons(by: Caller) -> bool:
    """Whether a yes in the request may be a person's, on their own machine: a token may be an agent's."""
    return by.services.settings.is_local and by.principal.token_id is None


def _wishes(body: ConnectBody) -> dict[str, Any]:
    return {
        "alias": body.metadata.alias,
        "backend": body.auth_method,
        "scopes": body.config.scopes,
        "shared": body.metadata.shared,
        "labels": body.metadata.labels,
    }


def _entry(connector: str, forms: Sequence[MethodForm], config: ConnectConfig) -> Entry:
    """Return what was given, as an entry into the first form that it fills. Raises `InvalidArguments`."""
    typed = [form for form in forms if not form.leaves and form.setup is None]
    for form in typed:
        values = _values(form, config)
        if values is not None:
            return Entry(
                form.method,
                values,
                private_confirmed=config.private_address_confirmed,
                account_change_confirmed=config.account_change_confirmed,
                scopes=tuple(config.scopes) or None,
                backend=form.backend or None,
            )
    ways = "; ".join(f"{form.method} ({', '.join(form.fields) or 'nothing'})" for form in typed)
    raise InvalidArguments(
        f"{connector} is not signed in to with what `config` holds.",
        hint=f"It takes, by the way to sign in: {ways}."
        if ways
        else "Leave `config` out: there are only links for it.",
    )


def _values(form: MethodForm, config: ConnectConfig) -> dict[str, str] | None:
    """Return the values for a form's fields; None where they are not of this form, or not all there."""
    values = {name: value.get_secret_value() for name, value in (config.custom_fields or {}).items()}
    if config.method not in (None, form.method) or values.keys() - form.fields.keys():
        return None
    if config.api_key is not None:
        places = [name for name, field in form.fields.items() if field.is_secret and name not in values]
        if len(places) != 1:
            return None
        values[places[0]] = config.api_key.get_secret_value()
    needed = {name for name, field in form.fields.items() if field.required and field.default is None}
    return None if needed - values.keys() else values


def _problems_of(step: object) -> Sequence[Problem]:
    return step.problems if isinstance(step, Form | Question) else ()


async def _not_connected(by: Caller, body: ConnectBody, problems: Sequence[Problem]) -> Response:
    """Say what was wrong; no problem's text repeats a value. What only a person may confirm, they do at the `link`."""
    auth = by.services.auth
    is_for_a_person = not _is_a_persons(by) and any(problem.confirm == "private_confirmed" for problem in problems)
    asked = await auth.connect(by.principal, body.provider, **_wishes(body)) if is_for_a_person else None
    link = auth.link_url(asked) if asked is not None else None
    more: dict[str, Any] = {"link": link} if link is not None else {}
    failure = next((one.failure for one in problems if one.failure is not None), None)
    return problem_response(
        422 if failure is None else api_status_of(failure),
        f"{body.provider} was not connected; nothing was kept.",
        code=InvalidArguments.code if failure is None else failure.code,
        retry_after_s=None if failure is None else failure.retry_after_s,
        hint=" ".join(_sentences(problems, link)) or "Connect it by a link: leave `apiKey` and `customFields` out.",
        problems=[{"field": problem.field, "message": problem.message} for problem in problems],
        **more,
    )


def _sentences(problems: Sequence[Problem], link: str | None) -> Iterator[str]:
    for problem in problems:
        yield f"{problem.field}: {problem.message}" if problem.field else problem.message
        if problem.confirm == "private_confirmed" and link is not None:
            yield f"No token confirms it. A person does, where they connect it on the page: {link}"
        elif problem.confirm is not None:
            yield f"If that is meant, send `{CONFIRMATIONS[problem.confirm]}: true` in `config`."
