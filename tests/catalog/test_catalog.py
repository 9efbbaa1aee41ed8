"""The catalog serves what is good, reports what is not, and lets nobody take a packaged name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.catalog.making import write

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.errors import UnknownAction, UnknownConnector


def test_a_broken_manifest_is_left_out_and_reported_and_the_rest_serves(tmp_path: Path) -> None:
    write(tmp_path, "good")
    (tmp_path / "bad.yaml").write_text("format: 1\nname: [")
    (tmp_path / "note.txt").write_text("not a manifest")
    (tmp_path / ".hidden.yaml").write_text("not read")

    catalog = load_catalog([packaged_folder(), tmp_path], index_dir=None)

    assert {"good", "demo", "github"} <= set(catalog.connectors)
    assert [Path(problem.file).name for problem in catalog.problems] == ["bad.yaml"]
    assert catalog.problems[0].line in (2, 3)


def test_a_file_whose_name_is_not_utf8_is_left_out_and_reported_and_the_rest_serves(tmp_path: Path) -> None:
    good = write(tmp_path / "m", "acme")
    odd = os.fsencode(tmp_path / "m") + b"/odd-\xff.yaml"
    Path(os.fsdecode(odd)).write_bytes(good.read_bytes().replace(b'"acme"', b'"odd"'))

    catalog = load_catalog([tmp_path / "m"], index_dir=tmp_path / "i")

    assert list(catalog.connectors) == ["acme"]
    (problem,) = catalog.problems
    assert "not UTF-8" in problem.message
    assert "odd-\\xff.yaml" in str(problem).encode().decode()


def test_a_folder_whose_name_is_not_utf8_serves(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    write(folder, "acme")

    for _ in range(2):
        assert list(load_catalog([folder], index_dir=tmp_path / "i").connectors) == ["acme"]


def test_a_custom_manifest_never_takes_a_packaged_name(tmp_path: Path) -> None:
    write(tmp_path, "github", title="Not GitHub")

    catalog = load_catalog([packaged_folder(), tmp_path], index_dir=None)

    assert catalog.connector("github").title == "GitHub"
    assert "'github' is there already" in str(catalog.problems[0])


def test_of_two_manifests_of_one_name_the_first_stays(tmp_path: Path) -> None:
    write(tmp_path / "a", "acme", title="First")
    write(tmp_path / "b", "acme", title="Second")

    catalog = load_catalog([tmp_path / "a", tmp_path / "b"], index_dir=None)

    assert catalog.connector("acme").title == "First"
    assert len(catalog.problems) == 1


def test_two_tools_never_meet_in_one_name(tmp_path: Path) -> None:
    actions = write(tmp_path, "a")
    text = actions.read_text()
    write(tmp_path, "a-list")
    actions.write_text(text.replace('"list_orders"', '"list_list_orders"'))

    catalog = load_catalog([tmp_path], index_dir=None)

    assert set(catalog.connectors) == {"a-list"}
    assert "The tool a_list_list_orders is there already, from connector 'a-list'." in str(catalog.problems[0])


def test_a_folder_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    catalog = load_catalog([tmp_path / "none"], index_dir=None)

    assert "The folder cannot be read" in str(catalog.problems[0])


def test_the_same_folder_given_twice_is_a_report_and_no_failure(tmp_path: Path) -> None:
    write(tmp_path, "acme")

    assert len(load_catalog([tmp_path, tmp_path], index_dir=None).problems) == 1


def test_names_that_are_unknown_come_back_with_the_nearest(tmp_path: Path) -> None:
    catalog = load_catalog([packaged_folder()], index_dir=None)

    with pytest.raises(UnknownConnector) as connector:
        catalog.connector("githb")
    with pytest.raises(UnknownAction) as action:
        catalog.action("github_list_isues")

    assert "github" in connector.value.hint
    assert "github_list_issues" in action.value.hint
    assert catalog.action("github_list_issues").connector == "github"


def test_a_catalog_cannot_be_changed() -> None:
    catalog = load_catalog([packaged_folder()], index_dir=None)

    with pytest.raises(TypeError):
        catalog.connectors["x"] = catalog.connector("demo")  # type: ignore[index]  # that is the point
