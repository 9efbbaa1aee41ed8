"""Bodies are written so that whoever reads the encoding by its specification finds what was given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.net.provider import ask, making_client, serving

from connectory.actions.encoding import Encoded, encode, readable, safe_file_name
from connectory.actions.files import File
from connectory.errors import InvalidArguments, ManifestInvalid

PNG = File(b"\x89PNG\r\n\x00", "image/png", "dot.png")
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8)
LEAVES = TEXTS | st.booleans() | st.integers() | st.none()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def text_of(leaf: Any) -> str:
    if leaf is None:
        return ""
    return json.dumps(leaf) if isinstance(leaf, bool) else str(leaf)


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every leaf with its way there, as PHP's or Stripe's parser would find it."""
    if isinstance(tree, dict | list) and tree:
        for name, branch in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(branch, (*path, str(name)))
    else:
        yield path, "" if isinstance(tree, dict | list) else text_of(tree)


def parts_of(encoded: Encoded) -> list[Message]:
    """The parts, as the standard library's mail parser reads them (RFC 2046)."""
    head = f"Content-Type: {encoded.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + (encoded.data or b""), policy=HTTP)
    assert message.is_multipart()
    return [part for part in message.walk() if not part.is_multipart()]


def content(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize(
    ("encoding", "tree", "content_type", "data"),
    [
        ("json", {"a": "ü", "b": [1, None]}, "application/json", '{"a":"ü","b":[1,null]}'.encode()),
        ("json", [], "application/json", b"[]"),
        ("form", {"a": "x&y=1", "b": [1, True], "c": None}, "application/x-www-form-urlencoded",
         b"a=x%26y%3D1&b=1&b=true&c="),
        ("form", {"a": []}, "application/x-www-form-urlencoded", b""),
        ("raw", "Grüße", "text/plain; charset=utf-8", "Grüße".encode()),
        ("raw", PNG, "image/png", PNG.data),
        ("raw", b"bytes", "application/octet-stream", b"bytes"),
        ("json", None, None, None),
        ("multipart", None, None, None),
    ],
)  # fmt: skip
def test_a_body_and_its_type(encoding: str, tree: Any, content_type: str | None, data: bytes | None) -> None:
    assert encode(encoding, tree) == Encoded(content_type, data)


@pytest.mark.parametrize("encoding", ["json", "form", "form_brackets", "multipart", "multipart_related", "raw"])
def test_a_content_type_that_is_said_stands_in_place_of_the_encodings_own(encoding: str) -> None:
    tree = {"raw": PNG, "multipart_related": [{"content": "x"}]}.get(encoding, {"a": "x"})
    encoded = encode(encoding, tree, "application/vnd.example+x")

    kind, _, parameters = str(encoded.content_type).partition("; ")
    assert kind == "application/vnd.example+x"
    assert parameters.startswith("boundary=") is encoding.startswith("multipart")
    assert encoded.data


@pytest.mark.parametrize(
    ("tree", "pairs"),
    [
        ({"items": [{"price": "p", "quantity": 2}]}, [("items[0][price]", "p"), ("items[0][quantity]", "2")]),
        ({"metadata": {"a b": True, "c": False}}, [("metadata[a b]", "true"), ("metadata[c]", "false")]),
        ({"description": None, "images": [], "metadata": {}}, [("description", ""), ("images", ""), ("metadata", "")]),
        ({"expand[]": "customer"}, [("expand[]", "customer")]),
        ({"a": [[1, 2], [3.0]]}, [("a[0][0]", "1"), ("a[0][1]", "2"), ("a[1][0]", "3")]),
    ],
)
def test_brackets_say_where_a_value_belongs(tree: Any, pairs: list[tuple[str, str]]) -> None:
    assert parse_qsl((encode("form_brackets", tree).data or b"").decode(), keep_blank_values=True) == pairs


@given(tree=st.dictionaries(NAMES, TREES, min_size=1, max_size=4))
def test_a_form_with_brackets_reads_back_to_the_same_tree(tree: dict[str, Any]) -> None:
    pairs = parse_qsl((encode("form_brackets", tree).data or b"").decode(), keep_blank_values=True)

    assert [(tuple(key.replace("]", "").split("[")), value) for key, value in pairs] == list(leaves(tree))


@pytest.mark.parametrize("name", ["a][b", "[", "]", ""])
def test_a_name_cannot_move_a_value_to_another_place(name: str) -> None:
    with pytest.raises(InvalidArguments, match="below 'metadata'") as refusal:
        encode("form_brackets", {"metadata": {name: "x"}})

    assert refusal.value.hint


def test_a_form_that_is_too_deep_is_refused() -> None:
    tree: Any = "x"
    for _ in range(900):
        tree = {"a": tree}

    with pytest.raises(InvalidArguments, match="nested too deeply"):
        encode("form_brackets", tree)


@given(
    fields=st.dictionaries(st.from_regex(r"[a-z][a-z0-9_\[\]]{0,9}", fullmatch=True), TEXTS | st.binary(max_size=60))
)
def test_form_data_reads_back_with_another_parser(fields: dict[str, str | bytes]) -> None:
    tree = {name: File(it, "image/png", "x.png") if isinstance(it, bytes) else it for name, it in fields.items()}
    encoded = encode("multipart", tree)

    if not fields:
        assert (encoded.data or b"").endswith(b"--\r\n")
        return
    read = {part.get_param("name", header="content-disposition"): content(part) for part in parts_of(encoded)}
    assert read == {name: it if isinstance(it, bytes) else it.encode() for name, it in fields.items()}


def test_form_data_has_texts_objects_as_json_and_files_with_their_name_and_type() -> None:
    parts = parts_of(encode("multipart", {"purpose": "x", "n": 3, "on": True, "meta": {"a": [1]}, "files": [PNG, PNG]}))

    assert [part.get_param("name", header="content-disposition") for part in parts] == [
        "purpose", "n", "on", "meta", "files", "files"
    ]  # fmt: skip
    assert [content(part) for part in parts[:4]] == [b"x", b"3", b"true", b'{"a":[1]}']
    assert [part["Content-Type"] for part in parts] == [
        None, None, None, "application/json", "image/png", "image/png"
    ]  # fmt: skip
    assert [part.get_filename() for part in parts] == [None, None, None, None, "dot.png", "dot.png"]
    assert content(parts[4]) == PNG.data


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (None, "file"),
        ("", "file"),
        ("..", "file"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a/", "file"),
        ("x\r\nX-Evil: 1.png", "x__X-Evil: 1.png"),
        ("a\x1b\x7f\u2028\u202eb", "a____b"),
        ("Übersicht 世界.pdf", "Übersicht 世界.pdf"),
    ],
)
def test_a_file_name_is_a_name_and_nothing_more(name: str | None, safe: str) -> None:
    assert safe_file_name(name) == safe


EVIL = [
    'x"; name="admin',
    "x\r\nX-Evil: 1",
    "x\nX-Evil: 1",
    "x\r\n\r\nbody",
    'x"\r\n--',
    "x\x00",
    "x\x1b",
    "x\u2028y",
    "Ü\\世界",
]


@pytest.mark.parametrize("name", EVIL)
async def test_attack_62_a_file_name_adds_no_header_and_no_field_on_the_wire(name: str) -> None:
    encoded = encode("multipart", {"file": File(b"data", "text/plain", name), "after": "end"})
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        headers = {"Content-Type": str(encoded.content_type)}
        await client.send(ask(provider.origin, method="POST", headers=headers, body=encoded.data))

    assert len(provider.requests) == 1
    assert provider.last.body == encoded.data
    parts = parts_of(Encoded(provider.last.headers["content-type"], provider.last.body))
    assert [part.get_param("name", header="content-disposition") for part in parts] == ["file", "after"]
    assert [sorted(part.keys()) for part in parts] == [["Content-Disposition", "Content-Type"], ["Content-Disposition"]]
    assert [content(part) for part in parts] == [b"data", b"end"]
    assert not any(ord(one) < 32 for one in str(parts[0]["Content-Disposition"]))


@pytest.mark.parametrize("media_type", ["text/plain\r\nX-Evil: 1", "text", "", "a/b; c", 'text/plain; x="\r\n"', "ü/x"])
@pytest.mark.parametrize("encoding", ["multipart", "multipart_related", "raw"])
def test_attack_62_a_media_type_that_is_none_is_refused(encoding: str, media_type: str) -> None:
    file = File(b"x", media_type, "x")
    tree = {"multipart": {"f": file}, "multipart_related": [{"content": file}], "raw": file}[encoding]

    with pytest.raises(InvalidArguments, match="no media type") as refusal:
        encode(encoding, tree)

    assert "image/png" in refusal.value.hint


def test_attack_62_a_fields_name_with_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="control character"):
        encode("multipart", {"a\r\nX-Evil: 1": "x"})


def test_attack_62_a_parts_own_type_is_checked_too() -> None:
    with pytest.raises(InvalidArguments, match="no media type"):
        encode("multipart_related", [{"content": "x", "content_type": "text/plain\r\n\r\nevil"}])


@pytest.mark.parametrize(
    ("encoding", "tree"),
    [
        ("multipart", {"a": "--taken", "f": File(b"\r\n--taken--")}),
        ("multipart_related", [{"content": {"a": "x"}}, {"content": File(b"--taken")}]),
    ],
)
def test_a_boundary_that_stands_in_the_content_is_passed_over(encoding: str, tree: Any) -> None:
    boundaries = iter(["taken", "free"])

    encoded = encode(encoding, tree, make_boundary=lambda: next(boundaries))

    assert "boundary=free" in str(encoded.content_type)
    assert (encoded.data or b"").endswith(b"--free--\r\n")


def test_boundaries_cannot_be_foreseen() -> None:
    types = {encode("multipart", {"a": "x"}).content_type for _ in range(20)}

    assert len(types) == 20


def test_related_parts_have_their_own_types_and_the_first_is_the_root() -> None:
    tree = [{"content": {"name": "dot.png"}}, {"content": PNG}, {"content": "x", "content_type": "text/csv"}]
    encoded = encode("multipart_related", tree)
    parts = parts_of(encoded)

    assert str(encoded.content_type).startswith("multipart/related; boundary=")
    assert str(encoded.content_type).endswith('; type="application/json"')
    assert [part["Content-Type"] for part in parts] == ["application/json", "image/png", "text/csv"]
    assert [content(part) for part in parts] == [b'{"name":"dot.png"}', PNG.data, b"x"]


def test_a_related_part_whose_content_was_not_given_falls_away() -> None:
    parts = parts_of(encode("multipart_related", [{"content_type": "text/plain"}, {"content": "x"}]))

    assert [content(part) for part in parts] == [b"x"]


@given(contents=st.lists(st.binary(max_size=80), min_size=1, max_size=4))
def test_related_parts_read_back_with_another_parser(contents: list[bytes]) -> None:
    encoded = encode("multipart_related", [{"content": File(data)} for data in contents])

    assert [content(part) for part in parts_of(encoded)] == contents


@pytest.mark.parametrize(
    ("encoding", "tree", "error"),
    [
        ("json", {"f": PNG}, ManifestInvalid),
        ("json", {"n": float("nan")}, InvalidArguments),
        ("json", {"t": "\ud800"}, InvalidArguments),
        ("form", {"a": {"b": 1}}, InvalidArguments),
        ("form", {"a": PNG}, InvalidArguments),
        ("form", ["a"], InvalidArguments),
        ("form_brackets", {"a": [PNG]}, InvalidArguments),
        ("multipart", "text", InvalidArguments),
        ("multipart_related", {"content": "x"}, ManifestInvalid),
        ("multipart_related", [{"body": "x"}], ManifestInvalid),
        ("multipart_related", [], InvalidArguments),
        ("raw", {"a": 1}, InvalidArguments),
        ("raw", ["a"], InvalidArguments),
    ],
)
def test_what_an_encoding_cannot_hold_is_refused_with_what_would_be_right(
    encoding: str, tree: Any, error: type[InvalidArguments | ManifestInvalid]
) -> None:
    with pytest.raises(error) as refusal:
        encode(encoding, tree)

    assert refusal.value.hint


def test_json_that_never_ends_is_refused() -> None:
    tree: list[Any] = []
    for _ in range(200_000):
        tree = [tree]

    with pytest.raises(InvalidArguments, match="nested too deeply"):
        encode("json", tree)


def test_a_reader_sees_a_file_as_its_name_type_and_size() -> None:
    tree = {"purpose": "x", "files": [PNG], "blob": b"1234", "n": None}

    assert readable(tree) == {
        "purpose": "x",
        "files": [{"file": "dot.png", "media_type": "image/png", "bytes": 7}],
        "blob": {"bytes": 4},
        "n": None,
    }
