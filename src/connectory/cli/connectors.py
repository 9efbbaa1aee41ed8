"""What can be connected and what can be done with it: `connectors`, `connectors show`, `search`. Opens no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.acting import prepared_settings
from connectory.cli.connector_page import show_page
from connectory.cli.describing import describe_action, describe_connector, summarize
from connectory.cli.options import AsJson, ListingGroup
from connectory.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from connectory.catalog.catalog import Catalog
    from connectory.catalog.connector import Action, Connector
    from connectory.settings import Settings

MOST_FOUND = 50
_NO_ACTION = "No action fits these words. Try other words; `connectory connectors` lists what there is."


connectors = typer.Typer(cls=ListingGroup, help="What can be connected; `connectors WORDS` lists what has them.")


@connectors.command("list")
def list_connectors(
    words: Annotated[
        list[str] | None, typer.Argument(help="Only those with these words in name, title, category or description.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what can be connected."""
    catalog = open_catalog(prepared_settings(quiet=True))
    wanted = " ".join(words or ()).lower().split()
    found = [one for one in catalog.connectors.values() if all(word in _haystack(one) for word in wanted)]
    if as_json:
        show_json([summarize(connector) for connector in found])
        return
    rows = [
        (one.name, one.title, one.manifest.category.value, len(one.actions), one.manifest.description) for one in found
    ]
    show_table(("NAME", "TITLE", "CATEGORY", "ACTIONS", "DESCRIPTION"), rows, empty=_nothing(wanted, catalog))
    if found:
        note("`connectory connect NAME` connects one, `connectory connectors show NAME` shows what it can do.")


@connectors.command("show")
def show_connector(
    name: Annotated[str, typer.Argument(help="The connector's name, e.g. github.")], as_json: AsJson = False
) -> None:
    """Show one connector: how to sign in, what can be done and with which scopes, limits, what can be synced."""
    connector = open_catalog(prepared_settings(quiet=True)).connector(name)
    if as_json:
        show_json(describe_connector(connector))
    else:
        show_page(connector)


def search(
    words: Annotated[list[str], typer.Argument(help="What is to be done, e.g. create an issue.")],
    connector: Annotated[str | None, typer.Option("--connector", help="Only actions of this connector.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_FOUND, help="Most actions to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Search what can be done, over all connectors."""
    catalog = open_catalog(prepared_settings(quiet=True))
    found = catalog.search(" ".join(words), connector=connector, limit=limit)
    if as_json:
        show_json([describe_action(action) for action in found])
        return
    rows = [(action.tool, action.effect.value, _inputs(action), action.description) for action in found]
    show_table(("ACTION", "EFFECT", "ARGUMENTS", "DESCRIPTION"), rows, empty=_NO_ACTION)


def open_catalog(settings: Settings) -> Catalog:
    """Load the catalog, and say on stderr which manifests were left out."""
    from connectory.catalog.catalog import load_catalog, packaged_folder
    from connectory.errors import DatabaseUnusable
    from connectory.vault.data_folder import prepare_folder

    own = settings.data_dir / "manifests"
    folders = [packaged_folder(), *settings.manifests, *([own] if own.is_dir() else [])]
    try:
        prepare_folder(settings.data_dir)  # before the index is written there: private whatever the umask
    except DatabaseUnusable:
        catalog = load_catalog(folders, index_dir=None)
    else:
        catalog = load_catalog(folders, index_dir=settings.data_dir / "index")
    tell_problems(catalog)
    return catalog


def tell_problems(catalog: Catalog) -> None:
    """Say which manifests were left out, and why."""
    for problem in catalog.problems:
        note(f"manifest_invalid: left out: {problem}")


def _inputs(action: Action) -> str:
    """The action's inputs, the optional ones in brackets."""
    return " ".join(name if spec.required else f"[{name}]" for name, spec in action.manifest.inputs.items())


def _haystack(connector: Connector) -> str:
    manifest = connector.manifest
    return f"{connector.name} {connector.title} {manifest.category.value} {manifest.description}".lower()


def _nothing(words: list[str], catalog: Catalog) -> str:
    from connectory.spelling import did_you_mean, nearest

    if len(words) == 2 and nearest(words[0], ["show"]):
        return f"No connector fits. Did you mean `connectory connectors show {words[1]}`?"
    return f"No connector fits. {did_you_mean(' '.join(words), catalog.connectors)}".strip()
