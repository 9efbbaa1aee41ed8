"""What the connect page shows, as plain values: the forms with their problems, and what the agent will be able to do.

Pure: a secret value goes into no view, so that no template can give it back (attack 74).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from connectory.auth.backend import AppSetup, Confirm, Entry, Form, MethodForm, Option, Problem, Question
from connectory.auth.entries import whole_origin
from connectory.auth.hosts import parse_origin, reach_by_spelling
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CredentialField, Effect, FieldKind
from connectory.errors import InvalidPath
from connectory.net.address import Reach
from connectory.vault.entities import GrantId

VALUE_PREFIX = "value."  # before a field's name, so that no field can be taken for one of the page's own
SCOPE_PREFIX = "scope."
SCOPES_SHOWN = "scopes"  # the field that says that scopes could be ticked
FILE_PREFIX = "file."  # the same for the upload beside a field
NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})
COMPLETED = "Where https:// is left out, it is put in front."
CONFIRM_LABELS: dict[Confirm, str] = {
    "private_confirmed": "This address is on this machine or a private network; I mean it.",
    "account_change_confirmed": "Yes, from now on this connection shall use the other account.",
}
EFFECT_TITLES = {
    Effect.READ: "Read",
    Effect.WRITE: "Create and change",
    Effect.DESTRUCTIVE: "Delete or overwrite",
}


@dataclass(frozen=True, slots=True)
class FieldView:
    """One input. `value` is empty for a secret, always."""

    id: str
    name: str
    kind: FieldKind
    label: str
    help: str
    docs: str | None
    placeholder: str
    value: str
    upload: str  # the name of the upload beside a file's text, else empty
    choices: Mapping[str, str]
    is_required: bool
    problems: tuple[str, ...]

    @property
    def described_by(self) -> str:
        """The ids of the texts that belong to the input, for `aria-describedby`."""
        parts = [f"{self.id}-problem"] * bool(self.problems) + [f"{self.id}-help"] * bool(self.help or self.docs)
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class TickView:
    """A box by which the person says that something unusual is meant."""

    id: str
    name: Confirm
    label: str
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class ScopeView:
    """One scope that can be ticked."""

    id: str
    name: str
    scope: str
    meaning: str
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class QuestionView:
    """What is asked when the person is back from the provider."""

    options: tuple[Option, ...]
    ticks: tuple[TickView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MethodView:
    """One way to sign in, as one form."""

    id: str
    name: str
    title: str
    help: str
    docs: str | None
    fields: tuple[FieldView, ...]
    ticks: tuple[TickView, ...]
    problems: tuple[str, ...]
    leaves: bool
    scopes: tuple[ScopeView, ...]
    setup: AppSetup | None
    backend: str
    through: str

    @property
    def has_upload(self) -> bool:
        """Whether the form can hold a file, and so is sent as multipart/form-data."""
        return any(field.upload for field in self.fields)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account that is connected already, as a form with one button."""

    id: str
    grant_id: str
    name: str
    used_by: tuple[str, ...]
    ticks: tuple[TickView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionGroup:
    """The actions of one effect, by title."""

    effect: Effect
    title: str
    actions: tuple[str, ...]


def view_methods(
    form: Form, entry: Entry | None, known: Mapping[str, Mapping[str, str]] = NOTHING, *, is_local: bool
) -> tuple[MethodView, ...]:
    """Return the forms to show; `entry` is what was sent last, whose plain values stay in place.

    `known` are, by the name of a way to sign in, the facts that it gave a connection which is to be renewed.
    """
    if entry is not None and entry.grant_id in {account.grant_id for account in form.accounts}:
        form, entry = replace(form, problems=()), None  # those are about the account that was chosen
    sent = next((method for method in form.methods if _is_of(method, entry)), None)
    return tuple(
        _view_method(
            method,
            entry if method is sent else None,
            form.problems if method is sent or (sent is None and index == 0) else (),
            known.get(method.method, {}),
            is_local=is_local,
        )
        for index, method in enumerate(form.methods)
    )


def view_accounts(form: Form, entry: Entry | None) -> tuple[AccountView, ...]:
    """Return the accounts to offer; with the problems and boxes of the one that was chosen last."""
    views = []
    for account in form.accounts:
        problems = form.problems if entry is not None and entry.grant_id == account.grant_id else ()
        wanted = {problem.confirm for problem in problems}
        views.append(
            AccountView(
                id=f"account-{account.grant_id}",
                grant_id=account.grant_id,
                name=account.name,
                used_by=account.used_by,
                ticks=_ticks(f"account-{account.grant_id}", wanted, entry),
                problems=tuple(problem.message for problem in problems),
            )
        )
    return tuple(views)


def view_question(question: Question, entry: Entry | None) -> QuestionView:
    """Return the question to show."""
    wanted = {problem.confirm for problem in question.problems}
    messages = tuple(problem.message for problem in question.problems)
    return QuestionView(question.options, _ticks("question", wanted, entry), messages)


def view_actions(connectors: Sequence[Connector]) -> tuple[ActionGroup, ...]:
    """Return what the agent will be able to do, the harmless first; of a bundle with each action's service."""
    named = [
        (action.effect, f"{one.title}: {action.manifest.title}" if len(connectors) > 1 else action.manifest.title)
        for one in connectors
        for action in one.actions.values()
    ]
    groups = (
        ActionGroup(effect, title, tuple(sorted(name for of, name in named if of is effect)))
        for effect, title in EFFECT_TITLES.items()
    )
    return tuple(group for group in groups if group.actions)


def entry_at_once(step: Form | Question) -> Entry | None:
    """Return what signs in by the first way that is offered, where that asks for nothing; None where it asks."""
    if isinstance(step, Question) or step.accounts or not step.methods:
        return None
    first = step.methods[0]
    return Entry(first.method, {}, backend=first.backend or None) if not first.fields and first.setup is None else None


def read_entry(
    form: Mapping[str, str], files: Mapping[str, str], *, is_local: bool, prefix: str = VALUE_PREFIX
) -> Entry:
    """Return what was entered; `prefix` is before the fields' names. An uploaded file goes before pasted text."""
    values = {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}
    values |= {name.removeprefix(FILE_PREFIX): text for name, text in files.items() if text}
    return Entry(
        method=form.get("method", ""),
        values=values,
        private_confirmed=is_local and form.get("private_confirmed") == "yes",
        account_change_confirmed=form.get("account_change_confirmed") == "yes",
        grant_id=GrantId(form["account"]) if form.get("account") else None,
        scopes=_scopes(form),
        chosen=form.get("chosen"),
        backend=form.get("backend") or None,
    )


def _scopes(form: Mapping[str, str]) -> tuple[str, ...] | None:
    """The scopes that were ticked; None where the form offered none."""
    if SCOPES_SHOWN not in form:
        return None
    return tuple(name.removeprefix(SCOPE_PREFIX) for name in form if name.startswith(SCOPE_PREFIX))


def _is_of(method: MethodForm, entry: Entry | None) -> bool:
    return entry is not None and entry.method == method.method and entry.backend in (None, method.backend)


def _view_method(
    method: MethodForm,
    entry: Entry | None,
    problems: Sequence[Problem],
    known: Mapping[str, str],
    *,
    is_local: bool,
) -> MethodView:
    slug = f"method-{f'{method.backend}-' if method.through else ''}{method.method}"
    values = {name: _value(name, field, entry, known) for name, field in method.fields.items()}
    fields = tuple(_view_field(slug, name, field, values[name], problems) for name, field in method.fields.items())
    wanted = _wanted_ticks(method, values, problems, is_local=is_local)
    return MethodView(
        id=slug,
        name=method.method,
        title=f"{method.title}, through {method.through}" if method.through else method.title,
        help=method.help,
        docs=method.docs,
        fields=fields,
        ticks=_ticks(slug, wanted, entry),
        problems=tuple(problem.message for problem in problems if problem.field not in method.fields),
        leaves=method.leaves,
        scopes=_view_scopes(slug, method, entry),
        setup=method.setup,
        backend=method.backend,
        through=method.through,
    )


def _view_scopes(slug: str, method: MethodForm, entry: Entry | None) -> tuple[ScopeView, ...]:
    ticked = method.ticked if entry is None or entry.scopes is None else entry.scopes
    return tuple(
        ScopeView(f"{slug}-scope-{at}", f"{SCOPE_PREFIX}{scope}", scope, meaning, scope in ticked)
        for at, (scope, meaning) in enumerate(method.scopes.items())
    )


def _value(name: str, field: CredentialField, entry: Entry | None, known: Mapping[str, str]) -> str:
    """What stands in a field: what was sent, else what is known, else the default. Of a secret nothing ever does."""
    if field.is_secret:
        return ""
    if entry is not None:
        value = entry.values.get(name, "")
        return whole_origin(value) if field.is_origin else value  # what is taken, to be seen
    fact = known.get(name)
    return fact if fact and (not field.choices or fact in field.choices) else field.default or ""


def _view_field(slug: str, name: str, field: CredentialField, value: str, problems: Sequence[Problem]) -> FieldView:
    return FieldView(
        id=f"{slug}-{name}",
        name=f"{VALUE_PREFIX}{name}",
        kind=field.kind,
        label=field.title,
        help=f"{field.help} {COMPLETED}".strip() if field.is_origin else field.help,
        docs=field.docs,
        placeholder=field.placeholder,
        value=value,
        upload=f"{FILE_PREFIX}{name}" if field.kind is FieldKind.FILE else "",
        choices=field.choices,
        is_required=field.required,
        problems=tuple(problem.message for problem in problems if problem.field == name),
    )


def _ticks(slug: str, wanted: Collection[Confirm | None], entry: Entry | None) -> tuple[TickView, ...]:
    return tuple(
        TickView(f"{slug}-{name}", name, label, is_ticked=entry is not None and bool(getattr(entry, name)))
        for name, label in CONFIRM_LABELS.items()
        if name in wanted
    )


def _wanted_ticks(
    method: MethodForm, values: Mapping[str, str], problems: Sequence[Problem], *, is_local: bool
) -> Collection[Confirm]:
    """Which boxes are needed: those that a problem names, and the one for a private address that stands in a field.

    In fleet mode nobody on the page may open the server's own network; only the operator can (design 7.3).
    """
    wanted = {problem.confirm for problem in problems if problem.confirm is not None}
    if any(_is_private(field, values[name]) for name, field in method.fields.items()):
        wanted.add("private_confirmed")
    return wanted if is_local else wanted - {"private_confirmed"}


def _is_private(field: CredentialField, value: str) -> bool:
    if not field.is_origin or not value:
        return False
    try:
        return reach_by_spelling(parse_origin(whole_origin(value))) is Reach.PRIVATE
    except InvalidPath:
        return False
