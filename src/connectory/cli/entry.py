"""Filling in a connector's form at the terminal: secrets by hidden prompt or from named environment variables.

A secret never comes as an argument: arguments stand in the process list and in the shell's history (attack 92).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from connectory.cli.output import note, printable
from connectory.cli.pairs import split_pair, unique
from connectory.errors import BackendUnavailable, InvalidArguments
from connectory.spelling import did_you_mean

if TYPE_CHECKING:
    from pydantic import SecretStr

    from connectory.auth.backend import Entry, Form, MethodForm, Problem, Question
    from connectory.catalog.manifest import CredentialField

ALL_FIELDS = "*"  # what a bare --from-env stands for


class Asker(Protocol):
    """How the person is asked."""

    def ask(self, text: str, *, hidden: bool, default: str | None) -> str:
        """Return what they type; hidden: without an echo."""
        ...

    def confirm(self, text: str) -> bool:
        """Return whether they say yes."""
        ...

    def choose(self, text: str, choices: Sequence[str], default: str | None = None) -> str:
        """Return one of the choices, or the default; that is the first one where none is given."""
        ...


class Terminal:
    """Asks at the terminal; the questions go to stderr, so that stdout stays the answer's."""

    def ask(self, text: str, *, hidden: bool, default: str | None) -> str:
        """Ask for one value. Typer's hidden prompt speaks before the echo is off; `getpass` only afterwards."""
        if hidden:
            return getpass(f"{printable(text)}: ", stream=sys.stderr)
        given: str = typer.prompt(printable(text), default=default or "", show_default=bool(default), err=True)
        return given

    def confirm(self, text: str) -> bool:
        """Ask yes or no; no by default."""
        return typer.confirm(printable(text), default=False, err=True)

    def choose(self, text: str, choices: Sequence[str], default: str | None = None) -> str:
        """Ask for one of several words."""
        usual = choices[0] if default is None else default
        words = printable(f"{text} ({', '.join(choices)})")
        while True:
            given: str = typer.prompt(words, default=usual, show_default=bool(usual), err=True)
            if given in choices or given == usual:
                return given
            note(did_you_mean(given, choices) or "Choose one of these.")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says already. `environment` has a value for each variable that is set."""

    connector: str
    method: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    from_env: Mapping[str, str] = field(default_factory=dict)  # field -> variable
    files: Mapping[str, str] = field(default_factory=dict)  # field -> path
    all_from_env: bool = False
    private_confirmed: bool = False
    account_change_confirmed: bool = False

    def variable(self, name: str) -> str | None:
        """The environment variable that holds a field, if the environment was named for it."""
        prefix = self.connector.upper().replace("-", "_")
        return self.from_env.get(name) or (f"{prefix}_{name.upper()}" if self.all_from_env else None)


def parse_given(
    connector: str,
    method: str | None,
    facts: Sequence[str],
    from_env: Sequence[str],
    files: Sequence[str] = (),
    *,
    private: bool,
    other: bool,
) -> Given:
    """Read the options of `connect`. Raises `InvalidArguments`."""
    named = [text for text in from_env if text != ALL_FIELDS]
    return Given(
        connector=connector,
        method=method,
        facts=unique((split_pair(text, option="--field") for text in facts), option="--field"),
        from_env=unique((split_pair(text, option="--from-env") for text in named), option="--from-env"),
        files=unique((split_pair(text, option="--file") for text in files), option="--file"),
        all_from_env=ALL_FIELDS in from_env,
        private_confirmed=private,
        account_change_confirmed=other,
    )


def choose_account(form: Form, given: Given, asker: Asker | None) -> Entry | None:
    """Return the connected account that the person wants to use here too; None where they rather sign in.

    Whoever names a way to sign in, or a part of one, has chosen already.
    """
    from connectory.auth.backend import Entry

    if asker is None or given.method is not None or given.facts or given.from_env or given.files or given.all_from_env:
        return None
    for account in form.accounts:
        if asker.confirm(f"Use the account {account.name} that is signed in for {', '.join(account.used_by)} already?"):
            return Entry("", {}, grant_id=account.grant_id)
    return None


def choose_method(form: Form, given: Given, asker: Asker | None, *, by_code: bool = False) -> MethodForm:
    """Return the way to sign in: the named one, the only one, else the one the person chooses.

    One that needs an OAuth app first is none to choose. `by_code`: of those that go on at the provider's page alone.
    Raises `InvalidArguments` for an unknown one, or where nobody can be asked, `BackendUnavailable` where an app is
    needed.
    """
    methods: dict[str, MethodForm] = {}
    for method in form.methods:
        if method.leaves or not by_code:
            methods.setdefault(method.method, method)  # the first is the preferred backend's
    if not methods:
        raise InvalidArguments(f"{given.connector} is not signed in to by a code.", hint="Leave --device out.")
    if given.method is not None and given.method not in methods:
        raise InvalidArguments(
            f"{given.connector} has no {'such ' if by_code else ''}way to sign in called '{given.method}'.",
            hint=did_you_mean(given.method, methods) or f"It has: {', '.join(methods)}.",
        )
    named = [methods[given.method]] if given.method is not None else list(methods.values())
    ready = [method for method in named if method.setup is None]
    if not ready:
        raise _needs_app(named[0], given)
    if asker is not None and len(named) > 1:
        for method in named:
            needs = f" (needs an OAuth app first: `{_app_command(given)}`)" if method.setup is not None else ""
            note(f"  {method.method}: {method.title}{needs}")
    if len(ready) == 1:
        return ready[0]
    if asker is None:
        names = ", ".join(method.method for method in ready)
        raise InvalidArguments(
            f"{given.connector} has several ways to sign in.", hint=f"Give --method, one of: {names}."
        )
    return methods[asker.choose("Sign in by", [method.method for method in ready])]


def _needs_app(method: MethodForm, given: Given) -> BackendUnavailable:
    return BackendUnavailable(
        f"To sign in to {given.connector} by {method.method}, an OAuth app must be registered there once.",
        hint=f"`{_app_command(given)}` shows how and takes its id and secret.",
    )


def _app_command(given: Given) -> str:
    return f"connectory oauth-app set {given.connector}"


def choose_option(question: Question, asker: Asker | None) -> str | None:
    """Return the id of the option that the person takes, by its number; None where there is nothing to choose.

    Raises `InvalidArguments` where nobody can be asked.
    """
    if not question.options:
        return None
    if asker is None:
        raise InvalidArguments(
            "This sign-in gives access to several things, and nobody can be asked which is meant.",
            hint="Repeat the command in a terminal.",
        )
    numbered = {str(number): option for number, option in enumerate(question.options, 1)}
    for number, option in numbered.items():
        note(f"  {number}: {option.name}")
    return numbered[asker.choose("Which one", list(numbered))].id


def check_given(method: MethodForm, given: Given) -> None:
    """Refuse secrets among the arguments, and names that the form does not have.

    Raises `InvalidArguments`, which never repeats a value.
    """
    for name in (*given.facts, *given.from_env, *given.files):
        if name not in method.fields:
            raise InvalidArguments(
                f"{given.connector} asks for no field of this name.",
                hint=did_you_mean(name, method.fields) or f"It asks for: {', '.join(method.fields) or 'nothing'}.",
            )
    for name in given.facts:
        if method.fields[name].is_secret:
            raise InvalidArguments(
                f"'{name}' is secret, and arguments can be read in the process list and in the shell's history.",
                hint=f"Leave it out to be asked, or use --from-env {name}=VARIABLE. If it was a real one, make a new "
                "one: it now stands in that history.",
            )
    for name in given.files:
        if method.fields[name].kind != "file":
            raise InvalidArguments(f"'{name}' is no file.", hint=_how_to_give(name, method, given))


def require_nothing_given(given: Given) -> None:
    """Raise `InvalidArguments` where something was given for a form that is filled in on the page."""
    if given.facts or given.from_env or given.files or given.all_from_env:
        raise InvalidArguments(
            f"{given.connector} is signed in to on a page, which asks for all that is needed.",
            hint="Leave --field, --from-env and --file out.",
        )


def fill_in(method: MethodForm, given: Given, environment: Mapping[str, SecretStr], asker: Asker | None) -> Entry:
    """Return the entry: what is given, what the environment holds, and for the rest what the person types.

    Raises `InvalidArguments` naming every field that is missing where nobody can be asked.
    """
    from connectory.auth.backend import Entry

    values: dict[str, str] = {}
    missing: list[str] = []
    if asker is not None and method.fields and method.help:
        note(" ".join(part for part in (method.help, method.docs) if part))
    for name, spec in method.fields.items():
        value = _given_value(name, given, environment)
        if value is None and asker is not None:
            value = _ask(name, spec, asker)
        if value is not None:
            values[name] = value
        elif spec.required and spec.default is None:
            missing.append(name)
    if missing:
        raise InvalidArguments(
            f"{given.connector} needs {', '.join(missing)}, and nobody can be asked here.",
            hint=_how_to_give(missing[0], method, given),
        )
    return Entry(
        method=method.method,
        values=values,
        private_confirmed=given.private_confirmed,
        account_change_confirmed=given.account_change_confirmed,
    )


def variables_of(method: MethodForm, given: Given) -> dict[str, str]:
    """Return field -> variable for all that shall come from the environment."""
    named = {*given.facts, *given.files}
    return {name: variable for name in method.fields if (variable := given.variable(name)) and name not in named}


def tell_problems(problems: Sequence[Problem]) -> None:
    """Say what was wrong with the last try."""
    for problem in problems:
        note(f"{problem.field}: {problem.message}" if problem.field else problem.message)


def _given_value(name: str, given: Given, environment: Mapping[str, SecretStr]) -> str | None:
    if name in given.facts:
        return given.facts[name]
    if name in given.files:
        return read_credential_file(name, given.files[name])
    variable = given.variable(name)
    value = environment.get(variable) if variable else None
    if value is None and name in given.from_env:
        raise InvalidArguments(f"The environment variable {variable} is not set.", hint=f"It should hold {name}.")
    return value.get_secret_value() if value is not None else None


def _ask(name: str, spec: CredentialField, asker: Asker) -> str:
    """Ask for one field; of a file the person gives the path, and what stands in it is the value."""
    if spec.choices:
        for choice, title in spec.choices.items():
            note(f"  {choice}: {title}")
        usual = spec.default if spec.default is not None else None if spec.required else ""
        return asker.choose(_label(name, spec), list(spec.choices), usual)
    if spec.kind == "file":
        path = asker.ask(_label(name, spec), hidden=False, default=None)
        return read_credential_file(name, path) if path.strip() else ""
    return asker.ask(_label(name, spec), hidden=spec.is_secret, default=spec.default)


def read_credential_file(name: str, path: str) -> str:
    """Return what stands in one of the person's own files, such as a service account's key.

    No more is read than a credential may have. Raises `InvalidArguments`, which never repeats the path: somebody may
    have pasted the key in its place.
    """
    from connectory.auth.entries import MAX_FILE_BYTES

    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # the last two for what can name no file, e.g. ~nobody/x
        reason = error.strerror if isinstance(error, OSError) else "it can be no file's name"
        raise InvalidArguments(
            f"The file for '{name}' cannot be read: {reason}.", hint="Give the path of a file of yours."
        ) from None
    if len(content) > MAX_FILE_BYTES:
        raise InvalidArguments(
            f"The file for '{name}' is longer than {MAX_FILE_BYTES // 1024} KB, which no credential is.",
            hint="Give the file that the provider made for you.",
        )
    return content.decode(errors="surrogateescape")  # what is no text, the check of the entry refuses


def _label(name: str, spec: CredentialField) -> str:
    notes = [
        part
        for part in (
            spec.help,
            "the path of the file" if spec.kind == "file" else "not shown while you type" if spec.is_secret else "",
            "" if spec.required else "may be empty",
        )
        if part
    ]
    return f"{spec.title or name} ({'; '.join(notes)})" if notes else spec.title or name


def _how_to_give(name: str, method: MethodForm, given: Given) -> str:
    spec = method.fields[name]
    if spec.is_secret:
        variable = f"{given.connector.upper().replace('-', '_')}_{name.upper()}"
        or_file = f"give --file {name}=PATH, " if spec.kind == "file" else ""
        return f"Use a terminal, {or_file}or set {variable} and give --from-env."
    return f"Give --field {name}=VALUE{', one of: ' + ', '.join(spec.choices) if spec.choices else ''}."
