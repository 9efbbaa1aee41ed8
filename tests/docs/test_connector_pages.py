"""Every packaged connector has its page, which says what its manifest says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from docs.connector_pages import FOLDER, INDEX, connector_pages

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector

OTHERS = {"coverage.md"}  # pages of that folder which are no connector's
CONNECTORS = sorted(file.stem for file in packaged_folder().glob("*.yaml"))


@cache
def pages() -> dict[Path, str]:
    return connector_pages()


@cache
def connector(name: str) -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector(name)


@pytest.mark.parametrize("name", [*CONNECTORS, "README"])
def test_a_page_is_what_the_manifest_says(name: str) -> None:
    page = FOLDER / f"{name}.md"

    assert page.read_text(encoding="utf-8") == pages()[page], "run `make docs`"


def test_no_page_is_left_of_a_connector_that_is_gone() -> None:
    assert {page.name for page in FOLDER.glob("*.md")} - OTHERS == {page.name for page in pages()}


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_page_names_every_action_way_to_sign_in_scope_and_stream(name: str) -> None:
    text, whole = pages()[FOLDER / f"{name}.md"], connector(name)

    for action in whole.actions.values():
        assert f"[`{action.tool}`]({action.manifest.docs}) | " in text
        assert all(f"`{given}`" in text or f"`[{given}]`" in text for given in action.manifest.inputs)
    for way, method in whole.auth.items():
        assert f"Method `{way}` ({method.method})" in text
        assert all(f"| `{field}` |" in text for field in method.fields)
    for stream in whole.manifest.streams.values():
        assert f"| {stream.title} | `{whole.actions[stream.action].tool}` |" in text
    for webhook in whole.manifest.webhooks.values():
        assert f"**{webhook.title}**: " in text
        assert all(f"| `{event}` |" in text for event in webhook.events)
    assert all(f"- {said}\n" in text for said in (*whole.manifest.tasks, *whole.manifest.limits))


def test_the_index_leads_to_every_page() -> None:
    index = pages()[FOLDER / INDEX]

    assert all(f"]({name}.md) | `{name}` |" in index for name in CONNECTORS)


def test_a_member_of_a_family_names_the_scopes_that_it_uses_alone() -> None:
    assert "gmail.send`" not in pages()[FOLDER / "google-drive.md"]
    assert "gmail.send`" in pages()[FOLDER / "gmail.md"]
