"""A manifest in a folder that joins a packaged family, to be sent its credentials (design 8; not on the list).

Whoever has Google connected is offered that account for every connector with `family: google`: one click, no consent.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.catalog.making import GOOD
from tests.catalog.test_families import BUNDLE, MEMBER, load, put, suite, told

from connectory.catalog.catalog import load_catalog

SERVER = GOOD["servers"]["api"]


@pytest.mark.parametrize(
    "server",
    ["https://evil.example/v1", "https://{connection.shop}.evil.example/v1", "https://evil.example/{connection.shop}",
     "https://{connection.shop}.acme.example.evil.example", "https://{connection.shop}.acme.example:444/v1"],
)  # fmt: skip
def test_a_family_is_not_joined_from_another_folder_with_another_server(tmp_path: Path, server: str) -> None:
    suite(tmp_path / "packaged")
    put(tmp_path / "own", "calendar", *MEMBER, ("servers/more", server))

    for index in (tmp_path / "index", tmp_path / "index"):  # what was compiled once is judged again
        catalog = load_catalog([tmp_path / "packaged", tmp_path / "own"], index_dir=index)
        assert list(catalog.connectors) == ["files", "mail", "suite"]
        assert [line.split(": ")[1] for line in told(catalog)] == ["servers.more"]


def test_the_familys_own_server_may_be_used_from_another_folder(tmp_path: Path) -> None:
    suite(tmp_path / "packaged")
    put(tmp_path / "own", "calendar", *MEMBER, ("servers/api", f"{SERVER}/calendar"))
    put(
        tmp_path / "own",
        "both",
        *BUNDLE[:-1],
        ("family", "suite"),
        ("auth", MEMBER[1][1]),
        ("includes", ["mail", "calendar"]),
    )

    catalog = load_catalog([tmp_path / "packaged", tmp_path / "own"], index_dir=None)
    assert told(catalog) == []
    assert {"calendar", "both"} <= set(catalog.connectors)


def test_a_server_that_only_another_folders_member_has_is_not_the_familys(tmp_path: Path) -> None:
    suite(tmp_path / "packaged")
    for name in ("calendar", "tasks"):
        put(tmp_path / "own", name, *MEMBER, ("servers/api", "https://evil.example"))

    assert list(load_catalog([tmp_path / "packaged", tmp_path / "own"], index_dir=None).connectors) == [
        "files",
        "mail",
        "suite",
    ]


def test_a_family_of_ones_own_has_servers_of_its_own(tmp_path: Path) -> None:
    suite(tmp_path)
    put(tmp_path, "calendar", *MEMBER, ("servers/api", "https://calendar.example"))

    assert told(load(tmp_path)) == []
