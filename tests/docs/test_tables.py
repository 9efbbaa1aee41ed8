"""The tables of the documentation are those of the code, and leave nothing out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from docs.manifest_tables import PARTS
from docs.tables import BLOCK, DOCS, TABLES, commands, filled
from pydantic import BaseModel

from connectory.catalog.manifest import Strict
from connectory.cli.main import app
from connectory.errors import ConnectoryError
from connectory.settings import Settings

PAGES = sorted(DOCS.glob("*.md"))
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}


def below(kind: type[Any]) -> Iterator[type[Any]]:
    children: list[type[Any]] = kind.__subclasses__()
    for child in children:
        yield child
        yield from below(child)


MODELS: list[type[BaseModel]] = [kind for kind in below(Strict) if kind.__module__.startswith(Strict.__module__[:-7])]
ERRORS = [kind for kind in (ConnectoryError, *below(ConnectoryError)) if kind.__module__ == "connectory.errors"]


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_has_the_tables_that_the_code_gives(page: str) -> None:
    assert filled(TEXTS[page]) == TEXTS[page], "run `make docs`"


def test_every_table_stands_on_one_page() -> None:
    assert sorted(match[2] for text in TEXTS.values() for match in BLOCK.finditer(text)) == sorted(TABLES)


def test_a_changed_table_is_noticed() -> None:
    text = TEXTS["settings.md"]
    stale = text.replace("| `CONNECTORY_PORT` |", "| `CONNECTORY_PROT` |")

    assert stale != text
    assert filled(stale) == text


@pytest.mark.parametrize("setting", [field.alias for field in Settings.model_fields.values() if field.alias])
def test_every_setting_is_named(setting: str) -> None:
    assert f"| `{setting}` |" in TEXTS["settings.md"]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_code_is_named_with_its_meaning(error: type[ConnectoryError]) -> None:
    assert f"| `{error.code}` | {error.fault} |" in TEXTS["errors.md"]
    assert error.__doc__


def test_every_command_and_option_is_named() -> None:
    found = dict(commands(typer.main.get_command(app)))

    assert len(found) > 20
    for path, command in found.items():
        heading = f"### connectory {' '.join(path)}\n"
        assert heading in TEXTS["commands.md"]
        section = TEXTS["commands.md"].partition(heading)[2].partition("\n### ")[0]
        for option in (name for item in command.params for name in item.opts if name.startswith("--")):
            assert option in section, (path, option)


@pytest.mark.parametrize("model", MODELS)
def test_every_manifest_key_is_named_and_explained(model: type[BaseModel]) -> None:
    assert model in [part for _, part, _ in PARTS]
    for name, field in model.model_fields.items():
        assert f"| `{field.alias or name}` |" in TEXTS["manifests.md"]
        assert field.description, name
