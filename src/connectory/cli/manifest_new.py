"""`manifest new NAME`: ask what a connector needs to begin with, and write a manifest that works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from connectory.cli.acting import prepared_settings
from connectory.cli.entry import Terminal
from connectory.cli.options import AsJson, is_interactive
from connectory.cli.output import note, show_json, show_text
from connectory.cli.skeleton import SIGN_INS, Sketch, write_skeleton
from connectory.errors import AlreadyExists, InvalidArguments
from connectory.spelling import did_you_mean

if TYPE_CHECKING:
    from connectory.settings import Settings

Word = TypeVar("Word", bound=str)
Ask = Callable[[str, str, str], str]
"""Return what an option gave, else what the person types, else the default: question, option, default."""

Title = Annotated[str | None, typer.Option("--title", help="The service's name as a person would say it.")]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        help="Base address of the API. With {connection.server} at its beginning each person enters the server's own.",
    ),
]
CategoryWord = Annotated[str | None, typer.Option("--category", help="Where it is listed, e.g. productivity.")]
Docs = Annotated[str | None, typer.Option("--docs", help="Address of the API's documentation.")]
Way = Annotated[str | None, typer.Option("--sign-in", help="How one signs in: bearer, header, query, basic or none.")]
KeyName = Annotated[
    str | None, typer.Option("--key-name", help="Name of the header or query parameter that takes the key.")
]
VerifyPath = Annotated[str | None, typer.Option("--verify", help="Path of a cheap GET that says whose the key is.")]
AccountId = Annotated[
    str | None, typer.Option("--account-id", help="Where the account's id is in its answer (JMESPath).")
]
AccountName = Annotated[
    str | None, typer.Option("--account-name", help="Where the account's name is in its answer (JMESPath).")
]
FirstPath = Annotated[str | None, typer.Option("--path", help="Path of the first GET, e.g. /users/{user}/repos.")]
Items = Annotated[
    str | None,
    typer.Option("--items", help="Where the list is in its answer (JMESPath); @: it is one; none: it is an object."),
]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Where to write it; unset: manifests/ in the data folder.")
]


def new(
    name: Annotated[str, typer.Argument(help="The connector's name: a-z, 0-9 and -, at most 24, a letter first.")],
    title: Title = None,
    base_url: BaseUrl = None,
    category: CategoryWord = None,
    docs: Docs = None,
    sign_in: Way = None,
    key_name: KeyName = None,
    verify: VerifyPath = None,
    account_id: AccountId = None,
    account_name: AccountName = None,
    path: FirstPath = None,
    items: Items = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write a manifest that works, with comments that teach. At a terminal it asks what no option says."""
    settings = prepared_settings(quiet=True)
    target = (folder or settings.data_dir / "manifests") / f"{name}.yaml"
    _check_name(name, target, settings)
    given = {
        "title": title,
        "base-url": base_url,
        "category": category,
        "docs": docs,
        "sign-in": sign_in,
        "key-name": key_name,
        "verify": verify,
        "account-id": account_id,
        "account-name": account_name,
        "path": path,
        "items": items,
    }
    sketch = _sketch(name, _asking(given, Terminal() if is_interactive() else None), _asking(given, None))
    text = write_skeleton(sketch)
    _check(text, target)
    _write(target, text, settings)
    _tell(target, sketch, as_json=as_json)


def _sketch(name: str, ask: Ask, take: Ask) -> Sketch:
    """Ask for everything; `take` does so without asking. Raises `InvalidArguments` for a word that there is not."""
    categories = _categories()
    title = ask("Name of the service", "title", name.replace("-", " ").title())
    base = _address(ask("Base address of the API", "base-url", f"https://api.{name}.example"))
    category = _one_of("category", ask(f"Category ({', '.join(categories)})", "category", "other"), categories)
    docs = _address(ask("Page that documents the API", "docs", _docs_of(base, name)))
    way = _one_of("sign-in", ask(f"How one signs in ({', '.join(SIGN_INS)})", "sign-in", "bearer"), SIGN_INS)
    usual = {"header": "X-API-Key", "query": "api_key"}.get(way)
    prove = take if way == "none" else ask  # with nothing to prove there is nothing to ask
    return Sketch(
        name=name,
        title=title,
        base_url=base,
        category=category,
        docs=docs,
        sign_in=way,
        key_name=ask("Name of the header or parameter", "key-name", usual) if usual else "",
        verify=_path(prove("Path of a cheap GET that says whose the key is", "verify", "/me")),
        account_id=prove("Where the account's id is in its answer", "account-id", "id"),
        account_name=prove("Where the account's name is in its answer", "account-name", "name"),
        path=_path(ask("Path of the first GET to offer", "path", "/items")),
        items=_items(ask("Where the list is in its answer (@: it is one, none: an object)", "items", "@")),
    )


def _asking(given: Mapping[str, str | None], terminal: Terminal | None) -> Ask:
    def ask(question: str, option: str, default: str) -> str:
        answer = given[option]
        if answer is None and terminal is not None:
            answer = terminal.ask(question, hidden=False, default=default)
        return (answer or "").strip() or default

    return ask


def _check_name(name: str, target: Path, settings: Settings) -> None:
    """Refuse a name before anything is asked. Raises `InvalidArguments`, `AlreadyExists`."""
    import re

    from connectory.catalog.manifest.basics import CONNECTOR_NAME
    from connectory.cli.connectors import open_catalog

    if not re.fullmatch(CONNECTOR_NAME, name):
        raise InvalidArguments(
            "A connector's name has a-z, 0-9 and -, a letter first, at most 24 of them.", hint="For example my-crm."
        )
    if target.exists():
        raise _is_there(target)
    if name in open_catalog(settings).connectors:
        raise AlreadyExists(f"There is a connector '{name}' already.", hint="Choose another name.")


def _categories() -> list[str]:
    from connectory.catalog.manifest import Category

    return [one.value for one in Category]


def _one_of(option: str, given: str, allowed: Sequence[Word]) -> Word:
    found = next((one for one in allowed if one == given), None)
    if found is None:
        hint = did_you_mean(given[:60], allowed) or f"One of: {', '.join(allowed)}."
        raise InvalidArguments(f"--{option} is none of what it can be.", hint=hint)
    return found


def _address(text: str) -> str:
    """An address as people type it: with https where they leave that out, and no slash at the end."""
    is_whole = "://" in text or text.startswith("{")
    return (text if is_whole else f"https://{text}").rstrip("/")


def _docs_of(base: str, name: str) -> str:
    """The service's own address, until somebody gives the page; a template is no address."""
    return base if "{" not in base else f"https://{name}.example"


def _path(text: str) -> str:
    return text if text.startswith("/") else f"/{text}"


def _items(text: str) -> str:
    return "" if text == "none" else text


def _check(text: str, target: Path) -> None:
    """What was typed may break the format; then nothing is written. Raises `InvalidArguments`."""
    from connectory.catalog.loading import parse_manifest

    _, problems = parse_manifest(text.encode(), target)
    if problems:
        found = problems[0]
        raise InvalidArguments(
            f"Nothing was written, since no manifest comes of this: {found.key}: {found.message}",
            hint=found.hint or "Change what you gave for it.",
        )


def _write(target: Path, text: str, settings: Settings) -> None:
    """Make the file; one that is there stays as it is. Raises `AlreadyExists`, `InvalidArguments`."""
    from connectory.vault.data_folder import prepare_folder

    prepare_folder(settings.data_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(target.parent, error) from None
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:  # made meanwhile
        raise _is_there(target) from None
    except OSError as error:
        raise _not_written(target, error) from None


def _not_written(place: Path, error: OSError) -> InvalidArguments:
    return InvalidArguments(f"{place} cannot be written: {error.strerror}.", hint="Give another folder by --folder.")


def _is_there(target: Path) -> AlreadyExists:
    return AlreadyExists(f"{target} exists; it is left as it is.", hint="Choose another name, or remove it first.")


def _tell(target: Path, sketch: Sketch, *, as_json: bool) -> None:
    tool = f"{sketch.name.replace('-', '_')}_{sketch.action}"
    if as_json:
        show_json({"file": str(target), "connector": sketch.name, "action": tool})
        return
    show_text(f"Wrote {target}.")
    note(f"Next: `connectory manifest check {target}`, then")
    note(f"`connectory manifest try {tool} --file {target}` sends its request and shows what comes of it.")
