"""Whatever is known of a service, the skeleton is a manifest without a fault, and nobody has advice for it."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from connectory.catalog.catalog import compile_connector
from connectory.catalog.checks.advice import advise
from connectory.catalog.connector import Connector
from connectory.catalog.loading import parse_manifest
from connectory.cli.skeleton import SIGN_INS, Sketch, scalar, write_skeleton

BASES = ("https://api.crm.example/v2", "{connection.server}/v1", "https://{connection.shop}.crm.example:8443")
PATHS = (("/", ""), ("/users/{user}/repos?per_page=5&q=a:b", "data.items[*]"), ("/t_1/{+file}", "@"), ("/9", "@"))


def sketch(**changes: Any) -> Sketch:
    usual: dict[str, Any] = {
        "name": "my-crm",
        "title": "My CRM",
        "base_url": BASES[0],
        "category": "crm",
        "docs": "https://crm.example/docs",
        "sign_in": "bearer",
        "key_name": "X-Key",
        "verify": "/me",
        "account_id": "id",
        "account_name": "name",
        "path": "/items",
        "items": "@",
    }
    return Sketch(**{**usual, **changes})


def compiled(made: Sketch) -> Connector:
    manifest, problems = parse_manifest(write_skeleton(made).encode(), Path("my-crm.yaml"))
    assert manifest is not None, "\n".join(map(str, problems))
    assert list(advise(manifest)) == []
    return compile_connector(manifest)


@pytest.mark.parametrize(("way", "base", "place"), list(product(SIGN_INS, BASES, PATHS)))
def test_every_choice_gives_a_good_manifest(way: str, base: str, place: tuple[str, str]) -> None:
    made = sketch(sign_in=way, base_url=base, path=place[0], items=place[1], title='A "good": #1 {crm}')

    connector = compiled(made)

    assert list(connector.actions) == [made.action]
    assert connector.title == 'A "good": #1 {crm}'


def test_a_path_becomes_name_inputs_and_query() -> None:
    (action,) = compiled(sketch(path="/users/{user}/repos?per_page=5")).actions.values()

    assert action.tool == "my_crm_list_repos"
    assert action.manifest.request.path == "/users/{user}/repos"
    assert action.manifest.request.query == {"per_page": "5"}
    assert action.input_schema["required"] == ["user"]


def test_a_long_name_still_fits_a_tool() -> None:
    (action,) = compiled(sketch(path=f"/{'long' * 20}")).actions.values()

    assert len(action.tool) <= 40


@pytest.mark.parametrize(
    ("text", "yaml"),
    [("Acme CRM", "Acme CRM"), ("null", '"null"'), ("a: b", '"a: b"'), ("a #b", '"a #b"'), ("@", '"@"'), ("é", '"é"')],
)
def test_texts_are_bare_where_yaml_cannot_misread_them(text: str, yaml: str) -> None:
    assert scalar(text) == yaml
