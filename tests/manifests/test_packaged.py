"""What holds for every packaged manifest and example: it loads clean and bears any answer. Words: test_tools.py."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from connectory.actions.expressions import evaluate, evaluate_or_none
from connectory.catalog.catalog import compile_connector, packaged_folder
from connectory.catalog.connector import Action
from connectory.catalog.loading import read_manifest
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import ManifestProblem

FILES = [*sorted(packaged_folder().glob("*")), *sorted((packaged_folder().parent / "examples").glob("*.yaml"))]


@cache
def read(file: Path) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
    return read_manifest(file)


def actions() -> list[Action]:
    manifests = [read(file)[0] for file in FILES]
    return [action for manifest in manifests if manifest for action in compile_connector(manifest).actions.values()]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_manifest_loads_clean_and_is_named_as_its_file(file: Path) -> None:
    manifest, problems = read(file)

    assert problems == ()
    assert manifest is not None
    assert file.name == f"{manifest.name}.yaml"
    assert manifest.tasks
    assert all(action.docs.startswith("https://") for action in manifest.actions.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("answer", [None, "<html>", [], {}, {"message": 1, "errors": {}, "user": []}])
def test_error_rules_bear_any_answer(file: Path, answer: object) -> None:
    manifest, _ = read(file)
    assert manifest is not None

    for rule in manifest.errors:
        assert not evaluate_or_none(rule.when.body or "`false`", answer)
        evaluate_or_none(rule.message or "@", answer)


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.tool)
def test_a_projection_bears_an_answer_that_has_nothing(action: Action) -> None:
    evaluate(action.manifest.answer.item, {})
    if action.manifest.answer.items is not None:
        evaluate(action.manifest.answer.items, {})
