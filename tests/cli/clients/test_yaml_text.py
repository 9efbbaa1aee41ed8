"""Goose's YAML: one member changes, every other character stays."""

from __future__ import annotations

import pytest
import yaml

from connectory.cli.clients.json_text import Unreadable
from connectory.cli.clients.yaml_text import drop, parse, put

PATH = ["extensions", "connectory"]
ENTRY = {"type": "stdio", "cmd": "/bin/connectory", "args": ["stdio"]}
PEOPLES = """\
# my goose
GOOSE_PROVIDER: "anthropic"   # quoted
extensions:
  # built in
  developer:
    enabled: true
    bundled: null
    text: |
      hello

  memory: # note
    args:
    - 'b: c'   # see
    envs: {}   # none
# tail
GOOSE_MODE: ~
"""
INNER = "\n  connectory:\n    type: stdio\n    cmd: /bin/connectory\n    args:\n    - stdio"


def test_an_entry_is_written_behind_the_last_one_before_the_comments_that_follow() -> None:
    assert put(PEOPLES, PATH, ENTRY) == PEOPLES.replace("   # none", f"   # none{INNER}")


@pytest.mark.parametrize(
    "text",
    [
        PEOPLES,
        "extensions: {}\n",
        "extensions: {} # none\nz: 1\n",
        "extensions: {a: {b: 1}}\nz: 1\n",
        "extensions:\r\n    x:\r\n        y: 1\r\nz: 1\r\n",
        "extensions:\n  d:\n    t: >\n      a\n      b\n",
        "extensions:\n# mine\n- x\n".replace("- x", "  d: 1"),
        "a: 1\nextensions:\n  d:\n    args: [1, 2]\n",
    ],
)
def test_taking_it_out_gives_the_file_back_to_the_byte(text: str) -> None:
    written = put(text, PATH, ENTRY)

    assert parse(written)["extensions"]["connectory"] == ENTRY
    assert drop(written, PATH) == text
    assert "\n" not in written.replace("\r\n", "") or "\r\n" not in text


@pytest.mark.parametrize(
    "text", ["", "# only\n", "{}\n", "{a: 1}\n", "a: 1", "extensions:\n", "extensions: ~ # x\nz: 1"]
)
def test_what_is_missing_on_the_way_is_made(text: str) -> None:
    written = put(text, PATH, ENTRY)

    assert parse(written) == {**(yaml.safe_load(text) or {}), "extensions": {"connectory": ENTRY}}
    assert "# only" in written or "# only" not in text
    assert parse(drop(written, PATH))["extensions"] == {}


def test_one_value_is_replaced_and_the_comment_behind_it_stays() -> None:
    text = put(PEOPLES, PATH, ENTRY).replace("cmd: /bin/connectory", "cmd: old # here")

    assert put(text, [*PATH, "cmd"], "new") == text.replace("cmd: old # here", "cmd: new # here")


def test_the_last_member_of_a_mapping_leaves_an_empty_one_and_its_comments() -> None:
    assert drop("extensions: # mine\n  # ours\n  connectory:\n    a: 1\nz: 1\n", PATH) == (
        "extensions: {} # mine\n  # ours\nz: 1\n"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1,\n", 2), ("a: 1\nb: c: d\n", 2), ("- x\n", 1), ("\tx: 1", 1), ("a: 1\n---\nb: 1\n", 2), ("a: !x 1\n", 1)],
)
def test_a_broken_file_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refusal:
        put(text, PATH, ENTRY)

    assert refusal.value.line == line


def test_what_is_no_mapping_is_never_written_into() -> None:
    with pytest.raises(Unreadable) as refusal:
        put("a: 1\nextensions: [1]\n", PATH, ENTRY)

    assert refusal.value.line == 2


def test_an_entry_that_is_a_reference_is_left_alone_rather_than_changing_what_it_refers_to() -> None:
    with pytest.raises(Unreadable, match="cannot be changed"):
        put("extensions:\n  a: &x {cmd: 1}\n  connectory: *x\n", [*PATH, "cmd"], "new")
