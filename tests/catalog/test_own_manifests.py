"""One's own manifests: judged beside all others, kept as files, taken up while the catalog stands."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.making import changed

from connectory.catalog.catalog import Catalog, load_catalog
from connectory.catalog.own_manifests import OwnManifests, load_beside
from connectory.testing.connectors import make_connector

PACKAGED = json.dumps(changed(), indent=1)


def shop(name: str = "my-shop", **changes: Any) -> str:
    """A good manifest by another name; JSON is YAML."""
    return json.dumps(changed(("name", name), *changes.items()), indent=1)


@pytest.fixture
def own(tmp_path: Path) -> OwnManifests:
    packaged, folder = tmp_path / "packaged", tmp_path / "data" / "manifests"
    packaged.mkdir()
    (packaged / "acme-shop.yaml").write_text(PACKAGED)

    def load(draft: Path | None) -> Catalog:
        folders = [packaged, *([folder] if folder.is_dir() else [])]
        return load_catalog(folders, index_dir=tmp_path / "index", draft=draft)

    return OwnManifests.open(folder, load)


def folder_of(tmp_path: Path) -> Path:
    return tmp_path / "data" / "manifests"


async def test_a_good_manifest_serves_at_once_and_stands_in_a_private_file(own: OwnManifests, tmp_path: Path) -> None:
    catalog, before = own.catalog, own.catalog.connectors
    checked = await own.check(shop())
    assert checked.connector is not None
    assert (checked.name, checked.problems, checked.replaces) == ("my-shop", (), False)
    assert "my-shop" not in catalog.connectors
    assert not folder_of(tmp_path).exists()  # checking keeps nothing

    await own.put("my-shop", shop())

    assert catalog.connector("my-shop").title == "Acme"
    assert catalog.action("my_shop_list_orders").connector == "my-shop"
    assert [found.tool for found in catalog.search("orders", connector="my-shop")] == ["my_shop_list_orders"]
    assert "my-shop" not in before  # who holds it goes on with it
    (file,) = folder_of(tmp_path).iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == ("my-shop.yaml", 0o600)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [(one.name, one.problems) for one in await own.all()] == [("my-shop", ())]


async def test_checking_leaves_nothing_in_the_index(own: OwnManifests, tmp_path: Path) -> None:
    index = tmp_path / "index" / "manifests.jsonl"
    before = index.read_bytes()
    assert (await own.check(shop(title="Nobody else's"))).connector is not None
    assert index.read_bytes() == before
    await own.put("my-shop", shop())
    assert b"my-shop" in index.read_bytes()


async def test_a_newer_one_takes_the_place_of_its_own_older_one_and_of_no_other(
    own: OwnManifests, tmp_path: Path
) -> None:
    await own.put("my-shop", shop())
    newer = shop(title="My shop")
    assert (await own.check(newer)).replaces
    await own.put("my-shop", newer)
    assert own.catalog.connector("my-shop").title == "My shop"
    assert len(list(folder_of(tmp_path).iterdir())) == 1

    taken = await own.check(PACKAGED)
    assert taken.connector is None
    assert [(one.file, one.line, one.key) for one in taken.problems] == [("manifest.yaml", 3, "name")]
    assert "There is a connector 'acme-shop' already" in str(taken.problems[0])


async def test_a_name_that_nango_has_given_is_taken_too(own: OwnManifests) -> None:
    own.catalog.put_further({"my-shop": make_connector()})
    assert (await own.check(shop())).connector is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "manifest.yaml:1: A manifest is a mapping of keys."),
        ("a: [", "manifest.yaml:2: This is not YAML"),
        ("name: x\n\tb: 1", "Indent with spaces"),
        ("name: \ud800", "The file is not UTF-8 text"),
        (shop(effekt="x"), "'effekt' is no key of this place"),
        (shop(format=2), "format"),
    ],
)
async def test_what_is_wrong_is_said_with_its_line(own: OwnManifests, text: str, told: str) -> None:
    checked = await own.check(text)
    assert checked.connector is None
    assert told in "\n".join(map(str, checked.problems))


async def test_one_whose_tools_meet_anothers_is_refused(own: OwnManifests) -> None:
    await own.put("a-b", shop("a-b"))
    meets = await own.check(
        json.dumps(changed(("name", "a"), ("actions/b_list_orders", changed()["actions"]["list_orders"])))
    )
    assert meets.connector is None
    assert "a-b" in "\n".join(map(str, meets.problems))


async def test_removing_takes_it_out_of_the_catalog(own: OwnManifests, tmp_path: Path) -> None:
    await own.put("my-shop", shop())
    await own.remove("my-shop")
    assert "my-shop" not in own.catalog.connectors
    assert "my_shop_list_orders" not in own.catalog.actions
    assert list(folder_of(tmp_path).iterdir()) == []
    assert await own.all() == []


async def test_what_another_process_puts_there_is_found_and_a_broken_file_is_told(
    own: OwnManifests, tmp_path: Path
) -> None:
    folder_of(tmp_path).mkdir(parents=True)
    await own.look()
    assert "my-shop" not in own.catalog.connectors
    (folder_of(tmp_path) / "shop.yml").write_text(shop())
    (folder_of(tmp_path) / "broken.yaml").write_text("name: broken\nnonsense: 1\n")
    await own.look()
    assert "my-shop" in own.catalog.connectors
    told = {one.name: [str(problem) for problem in one.problems] for one in await own.all()}
    assert told["my-shop"] == []
    assert told["broken"][0].startswith("broken.yaml:")  # and not where the data folder is
    await own.put("my-shop", shop(title="Newer"))
    assert sorted(file.name for file in folder_of(tmp_path).iterdir()) == ["broken.yaml", "shop.yml"]


async def test_watching_is_looking_for_ever(own: OwnManifests) -> None:
    task = asyncio.create_task(own.watch())
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_depends_on_it_is_named(own: OwnManifests) -> None:
    await own.put("my-shop", shop())
    assert own.needing("my-shop") == []
    head = make_connector()
    member = make_connector().manifest.model_copy(update={"family": "notes", "name": "more"})
    own.catalog.put_manifests({"notes": head, "more": make_connector().__class__("more", member, {})})
    assert own.needing("notes") == ["more"]


async def test_beside_connectors_of_no_file_the_folder_alone_is_read(tmp_path: Path) -> None:
    notes = make_connector()
    catalog = Catalog({"notes": notes})
    folder = tmp_path / "manifests"
    own = OwnManifests.open(folder, load_beside(catalog.with_manifest, folder), catalog)
    assert (await own.check(shop())).connector is not None
    await own.put("my-shop", shop())
    assert (await own.check(shop(title="Newer"))).replaces
    assert set(catalog.connectors) == {"notes", "my-shop"}
    assert catalog.connector("notes") is notes
