"""A manifest that stands in no folder yet, tried beside those that do."""

from __future__ import annotations

from pathlib import Path

from tests.catalog.making import write

from connectory.catalog.catalog import load_catalog, packaged_folder


def test_a_draft_is_there_beside_the_others(tmp_path: Path) -> None:
    write(tmp_path / "own", "acme")
    draft = write(tmp_path / "drafts", "new")

    catalog = load_catalog([packaged_folder(), tmp_path / "own"], index_dir=None, draft=draft)

    assert {"demo", "acme", "new"} <= set(catalog.connectors)
    assert catalog.problems == ()


def test_a_draft_takes_the_place_of_an_older_one_of_its_name(tmp_path: Path) -> None:
    write(tmp_path / "own", "acme")
    draft = write(tmp_path / "drafts", "acme", title="The newer one")

    catalog = load_catalog([packaged_folder(), tmp_path / "own"], index_dir=None, draft=draft)

    assert catalog.connector("acme").title == "The newer one"


def test_a_draft_takes_no_packaged_name(tmp_path: Path) -> None:
    draft = write(tmp_path, "demo", title="Another demo")

    catalog = load_catalog([packaged_folder()], index_dir=None, draft=draft)

    assert catalog.connector("demo").title == "Demo"
    assert [problem.file for problem in catalog.problems] == [str(draft)]


def test_a_draft_that_stands_in_a_folder_after_all_is_read_once(tmp_path: Path) -> None:
    draft = write(tmp_path / "own", "acme")

    catalog = load_catalog([packaged_folder(), tmp_path / "own"], index_dir=None, draft=draft)
    packaged = load_catalog([packaged_folder()], index_dir=None, draft=packaged_folder() / "demo.yaml")

    assert "acme" in catalog.connectors
    assert (catalog.problems, packaged.problems) == ((), ())
