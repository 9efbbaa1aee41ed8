"""Members take their family's sign-in, bundles what they include; what does not fit is left out, the others serve."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.making import ABSENT, changed, write

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.gathering import check_files
from connectory.catalog.loading import read_manifest
from connectory.catalog.manifest import Manifest

MEMBER: list[tuple[str, Any]] = [("family", "suite"), ("auth", ABSENT)]
BUNDLE: list[tuple[str, Any]] = [
    ("servers", ABSENT), ("verify", ABSENT), ("actions", ABSENT), ("headers", ABSENT), ("includes", ["mail", "files"]),
]  # fmt: skip


def put(folder: Path, name: str, *changes: tuple[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(changed(("name", name), *changes), indent=1))
    return file


def suite(folder: Path) -> None:
    put(folder, "suite", *BUNDLE)
    put(folder, "mail", *MEMBER)
    put(folder, "files", *MEMBER)


def load(folder: Path, index: Path | None = None) -> Catalog:
    return load_catalog([folder], index_dir=index)


def told(catalog: Catalog) -> list[str]:
    return [
        f"{Path(problem.file).name}:{problem.line}: {problem.key}: {problem.message}" for problem in catalog.problems
    ]


def test_a_member_signs_in_as_its_family_does(tmp_path: Path) -> None:
    suite(tmp_path / "m")

    for index in (None, tmp_path / "i", tmp_path / "i"):
        catalog = load(tmp_path / "m", index)
        assert told(catalog) == []
        assert list(catalog.connectors) == ["files", "mail", "suite"]
        assert catalog.connector("mail").auth == catalog.connector("suite").auth != {}
        assert catalog.connector("mail").manifest.auth == {}
        assert catalog.connector("mail").verify_of("key") == catalog.connector("mail").manifest.verify


def test_a_member_may_stand_on_the_server_that_is_typed_for_its_family(tmp_path: Path) -> None:
    server = ("auth/key/fields/server", {"title": "Server", "kind": "origin"})
    put(tmp_path, "suite", *BUNDLE[:-1], ("includes", ["mail"]), server)
    put(tmp_path, "mail", *MEMBER, ("servers/api", "{connection.server}/mail"))

    catalog = load(tmp_path)

    assert told(catalog) == []
    assert catalog.connector("mail").manifest.servers["api"] == "{connection.server}/mail"


def test_a_member_is_never_proven_by_a_call_to_its_familys_servers(tmp_path: Path) -> None:
    own = changed()["verify"]
    put(tmp_path, "suite", ("auth/key/verify", own), ("verify", ABSENT))
    put(tmp_path, "mail", *MEMBER, ("verify/request", {"get": "/whoami"}))
    catalog = load(tmp_path)

    proof = catalog.connector("mail").verify_of("key")
    assert proof is not None
    assert proof.request.path == "/whoami"
    assert catalog.connector("suite").verify_of("key") == catalog.connector("suite").auth["key"].verify


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("family", "suit"), "mail.yaml:15: family: There is no family 'suit'."),
        (("family", "files"), "mail.yaml:15: family: There is no family 'files'."),
        (("servers/api", "https://{connection.shp}.x.example"), "servers.api: {connection.shp} is no fact that can"),
        (
            ("actions/list_orders/credential", "user"),
            "actions.list_orders.credential: No way to sign in has a credential",
        ),
        (("headers/X", "{connection.shp}"), "headers.X: {connection.shp} is no fact that can stand here."),
        (("verify", ABSENT), "verify: 'verify' is missing."),
    ],
)
def test_a_member_that_does_not_fit_its_family_is_left_out(tmp_path: Path, change: tuple[str, Any], says: str) -> None:
    suite(tmp_path)
    put(tmp_path, "suite")
    put(tmp_path, "mail", *MEMBER, change)

    catalog = load(tmp_path)

    assert list(catalog.connectors) == ["files", "suite"]
    assert any(says.split(":", 2)[-1] in line for line in told(catalog)), told(catalog)
    assert all(line.startswith("mail.yaml:") for line in told(catalog))


def test_a_family_that_is_broken_or_missing_leaves_its_members_out_and_no_others(tmp_path: Path) -> None:
    suite(tmp_path)
    write(tmp_path, "other")
    (tmp_path / "suite.yaml").write_text("format: 1\nname: suite\n")

    catalog = load(tmp_path)

    assert list(catalog.connectors) == ["other"]
    assert {"mail.yaml", "files.yaml", "suite.yaml"} == {line.partition(":")[0] for line in told(catalog)}


def test_a_member_is_checked_again_when_its_family_changes(tmp_path: Path) -> None:
    folder, index = tmp_path / "m", tmp_path / "i"
    suite(folder)
    assert told(load(folder, index)) == []

    put(folder, "suite", *BUNDLE, ("auth/key/fields/shop", ABSENT), ("auth/key/fields/store", {"title": "Store"}))
    os.utime(folder / "suite.yaml", ns=(1, 1))

    lines = told(load(folder, index))
    assert any(line.startswith("mail.yaml") for line in lines)
    assert all("{connection.shop} is no fact that can stand here" in line for line in lines if line.startswith("mail"))

    put(folder, "suite", *BUNDLE)
    assert told(load(folder, index)) == []


@pytest.mark.parametrize(
    ("includes", "says"),
    [
        (["mail", "fils"], "suite.yaml:{line}: includes[1]: There is no connector 'fils', or it is left out."),
        (["mail", "other"], "suite.yaml:{line}: includes[1]: 'other' is not of the family 'suite'."),
        (["mail", "mail"], "suite.yaml:{line}: includes[1]: 'mail' is included twice."),
        (["suite"], "suite.yaml:{line}: includes[0]: A bundle cannot include itself."),
    ],
)
def test_a_bundle_of_what_is_not_there_is_left_out(tmp_path: Path, includes: list[str], says: str) -> None:
    suite(tmp_path)
    write(tmp_path, "other")
    file = put(tmp_path, "suite", *BUNDLE, ("includes", includes))
    last = file.read_text().splitlines()
    line = next(at for at, text in enumerate(last, 1) if '"includes"' in text) + len(includes)

    catalog = load(tmp_path)

    assert says.format(line=line) in told(catalog)
    assert "suite" not in catalog.connectors


def test_a_bundle_left_out_for_a_part_still_lends_its_sign_in_to_the_others(tmp_path: Path) -> None:
    suite(tmp_path)
    (tmp_path / "files.yaml").unlink()

    catalog = load(tmp_path)

    assert list(catalog.connectors) == ["mail"]
    assert catalog.connector("mail").auth


def test_a_member_alone_is_checked_as_far_as_it_can_be(tmp_path: Path) -> None:
    good = put(tmp_path, "mail", *MEMBER)
    bad = put(tmp_path, "files", *MEMBER, ("actions/list_orders/request/get", "/{customr}/{connection.any}"))

    assert read_manifest(good)[1] == ()
    assert [problem.message for problem in read_manifest(bad)[1]] == [
        "The input 'customer' is used nowhere in the request.", "{customr} is no input.",
    ]  # fmt: skip


def test_a_connector_is_compiled_when_it_is_asked_for_and_then_once(tmp_path: Path) -> None:
    suite(tmp_path)
    catalog = load(tmp_path)

    assert catalog.connector("mail") is catalog.connectors["mail"]
    assert catalog.action("mail_list_orders") is catalog.actions["mail_list_orders"]
    assert len(catalog.actions) == 2
    assert "suite_list_orders" not in catalog.actions
    assert "nobody" not in catalog.connectors
    assert isinstance(catalog.connector("suite").manifest, Manifest)


def test_a_packaged_member_is_checked_as_one_however_its_path_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packaged_folder().parent)
    told = [check_files([path / "gmail.yaml"], [packaged_folder()]) for path in (Path("manifests"), packaged_folder())]

    assert told == [(), ()]


def test_a_members_server_that_its_family_has_not_is_still_told_of_a_file_elsewhere(tmp_path: Path) -> None:
    suite(tmp_path / "home")
    stranger = put(tmp_path / "away", "more", *MEMBER, ("servers", {"api": "https://thief.example"}))

    (told,) = check_files([stranger], [tmp_path / "home"])

    assert told.message.startswith("'https://thief.example' is no server of the family 'suite'")
