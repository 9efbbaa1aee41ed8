"""Every place of manifest format 1 into which an agent's value goes, how it gets there, and who reads it there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote

from tests.actions.test_quoting import read_literal
from tests.attacks.wire import Scene, pairs_of, parts_of, scene, shape
from tests.mcp.test_tools import Era
from tests.net.provider import Received

from connectory.catalog.trees import QUERY_LANGUAGES

HARMLESS = "plain"
REFUSALS = ("invalid_arguments: ", "invalid_path: ", "header_refused: ")
X = "inputs: {x: {type: string, required: true}}"
OPEN = "inputs: {x: {type: object}}"
FILE = "inputs: {f: {type: file}}"
MAIL = ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "in_reply_to", "references")


@dataclass(frozen=True)
class Place:
    """A place: the lines of its action, the arguments that bring a value there, and who reads it at the other end.

    `read` gives None where the place keeps a value only in part, as the name of a file is kept.
    """

    action: str
    give: Callable[[str], Mapping[str, Any]]
    read: Callable[[Received], str | None]


def _plain(value: str) -> Mapping[str, Any]:
    return {"x": value}


def _name(value: str) -> Mapping[str, Any]:
    return {"x": {value: "1"}}


def _file(**more: str) -> Callable[[str], Mapping[str, Any]]:
    return lambda value: {"f": {key: text.replace("X", value) for key, text in more.items()}}


def _segment(position: int, before: str = "", after: str = "") -> Callable[[Received], str]:
    def read(received: Received) -> str:
        segment = received.target.partition("?")[0].split("/")[position]
        return unquote(segment.removeprefix(before).removesuffix(after), errors="strict")

    return read


def _query(received: Received) -> str:
    return pairs_of(received.target.partition("?")[2])[0][1]


def _form(index: int, of: int) -> Callable[[Received], str]:
    return lambda received: pairs_of(received.body.decode("ascii"))[index][of]


def _bracketed_name(received: Received) -> str | None:
    """Read a form's `a[NAME]` as PHP, Rails and qs do: a bracket within ends the name."""
    found = re.fullmatch(r"a\[([^\[\]]+)\]", _form(0, 0)(received), re.DOTALL)
    return found[1] if found else "nothing of one level"


def _json(*path: Any) -> Callable[[Received], str]:
    def read(received: Received) -> str:
        value = json.loads(received.body)
        for step in path:
            value = next(iter(value)) if step is next else value[step]
        return str(value)

    return read


def _part(of: Callable[[EmailMessage], str | None], index: int = 0) -> Callable[[Received], str | None]:
    return lambda received: of(parts_of(received)[index])


def _content(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.decode()


def _field_name(received: Received) -> str:
    found = re.findall(rb'\r\nContent-Disposition: form-data; name="([^"]*)"\r\n', received.body)[1]
    # WHATWG HTML, "multipart/form-data encoding", escapes the quote so; httpx2 the backslash too, as a quoted string
    return bytes(found).decode().replace("%22", '"').replace("\\\\", "\\")


def _literal(language: str) -> Callable[[Received], str]:
    def read(received: Received) -> str:
        query = _query(received)
        value, left = read_literal(language, query.removeprefix("name = "))
        assert left == " AND mine"
        return value

    return read


PATHS = {
    "segment": Place(f'{X}\nrequest: {{get: "/things/{{x}}/end"}}', _plain, _segment(3)),
    "part_of_segment": Place(f'{X}\nrequest: {{get: "/things/a-{{x}}.json"}}', _plain, _segment(3, "a-", ".json")),
    "last_segment": Place(f'{X}\nrequest: {{get: "/things/{{x}}", query: {{y: "1"}}}}', _plain, _segment(3)),
}
QUERIES = {
    "query": Place(f'{X}\nrequest: {{get: /things, query: {{s: "{{x}}", z: "1"}}}}', _plain, _query),
    "query_list": Place(
        'inputs: {x: {type: array, items: {type: string}}}\nrequest: {get: /things, query: {s: "{x}"}}',
        lambda value: {"x": [value, "b"]},
        _query,
    ),
    "query_text": Place(
        f'{X}\nrequest: {{get: /things, query: {{s: "a:{{x}}:b"}}}}',
        _plain,
        lambda received: _query(received).removeprefix("a:").removesuffix(":b"),
    ),
    "query_join": Place(
        "inputs: {x: {type: array, items: {type: string}}}\n"
        'request: {get: /things, query: {s: {join: ",", of: "{x}", before: "(", after: ")"}}}',
        lambda value: {"x": [value]},
        lambda received: _query(received)[1:-1],
    ),
    "query_json": Place(
        f'{X}\nrequest: {{get: /things, query: {{s: {{convert: json_text, of: {{v: "{{x}}"}}}}}}}}',
        _plain,
        lambda received: str(json.loads(_query(received))["v"]),
    ),
}
HEADERS = {
    "header": Place(
        f'{X}\nrequest: {{get: /things, headers: {{X-Given: "{{x}}"}}}}',
        _plain,
        lambda received: received.headers["x-given"],
    ),
    "header_text": Place(
        f'{X}\nrequest: {{post: /things, headers: {{X-Given: "v=<{{x}}>"}}, body: {{a: 1}}}}\neffect: write',
        _plain,
        lambda received: received.headers["x-given"][3:-1],
    ),
}
BODIES = {
    "json": Place(f'{X}\nrequest: {{post: /things, body: {{a: {{b: "{{x}}"}}}}}}', _plain, _json("a", "b")),
    "json_text": Place(
        f'{X}\nrequest: {{post: /things, body: {{a: "<{{x}}>"}}}}', _plain, lambda received: _json("a")(received)[1:-1]
    ),
    "json_each": Place(
        "inputs: {x: {type: array, items: {type: object}}}\n"
        'request: {post: /things, body: {a: {each: "{x}", of: {b: "{each.b}"}}}}',
        lambda value: {"x": [{"b": value}]},
        _json("a", 0, "b"),
    ),
    "json_name": Place(f'{OPEN}\nrequest: {{post: /things, body: {{a: "{{x}}"}}}}', _name, _json("a", next)),
    "merged_name": Place(f'{OPEN}\nrequest: {{post: /things, body: {{merge: "{{x}}", of: {{}}}}}}', _name, _json(next)),
    "graphql": Place(
        f'{X}\nrequest: {{post: /things, graphql: "mutation($v: String) {{ do(v: $v) {{ id }} }}", '
        'variables: {v: "{x}"}}',
        _plain,
        _json("variables", "v"),
    ),
    "raw": Place(
        f'{X}\nrequest: {{post: /things, encoding: raw, content_type: "text/plain; charset=utf-8", body: "{{x}}"}}',
        _plain,
        lambda received: received.body.decode(),
    ),
    "raw_file": Place(
        f'{FILE}\nrequest: {{post: /things, encoding: raw, body: "{{f}}"}}',
        _file(text="X"),
        lambda received: received.body.decode(),
    ),
    "raw_media_type": Place(
        f'{FILE}\nrequest: {{post: /things, encoding: raw, body: "{{f}}"}}',
        _file(text="x", media_type="text/X"),
        lambda received: received.headers["content-type"].removeprefix("text/"),
    ),
}
FORMS = {
    "form": Place(
        f'{X}\nrequest: {{post: /things, encoding: form, body: {{a: "{{x}}", b: "1"}}}}', _plain, _form(0, 1)
    ),
    "form_name": Place(
        f'{OPEN}\nrequest: {{post: /things, encoding: form, body: {{merge: "{{x}}", of: {{b: "1"}}}}}}',
        _name,
        _form(1, 0),
    ),
    "brackets": Place(
        f'{X}\nrequest: {{post: /things, encoding: form_brackets, body: {{a: {{b: ["{{x}}"]}}, c: 1}}}}',
        _plain,
        _form(0, 1),
    ),
    "brackets_name": Place(
        f'{OPEN}\nrequest: {{post: /things, encoding: form_brackets, body: {{a: "{{x}}", c: 1}}}}',
        _name,
        _bracketed_name,
    ),
    "multipart": Place(
        f'{X}\nrequest: {{post: /things, encoding: multipart, body: {{a: "{{x}}", b: "1"}}}}',
        _plain,
        _part(_content),
    ),
    "multipart_name": Place(
        f'{OPEN}\nrequest: {{post: /things, encoding: multipart, body: {{merge: "{{x}}", of: {{b: "1"}}}}}}',
        _name,
        _field_name,
    ),
    "file": Place(
        f'{FILE}\nrequest: {{post: /things, encoding: multipart, body: {{a: "{{f}}"}}}}',
        _file(text="X", name="n.txt"),
        _part(_content),
    ),
    "file_name": Place(
        f'{FILE}\nrequest: {{post: /things, encoding: multipart, body: {{a: "{{f}}"}}}}',
        _file(text="x", name="X"),
        lambda _: None,
    ),
    "file_media_type": Place(
        f'{FILE}\nrequest: {{post: /things, encoding: multipart, body: {{a: "{{f}}"}}}}',
        _file(text="x", name="n", media_type="text/X"),
        lambda _: None,
    ),
    "related_type": Place(
        f"{FILE}\nrequest: {{post: /things, encoding: multipart_related, "
        'body: [{content: {n: 1}}, {content: "{f}"}]}',
        _file(text="x", name="n", media_type="text/X"),
        lambda _: None,
    ),
}
MAILS = {
    f"mail_{key}": Place(
        f"{X}\nrequest: {{post: /things, body: {{raw: {{convert: [mime_message, base64url], "
        f'of: {{{key}: "{{x}}"}}}}}}}}',
        _plain,
        lambda _: None,
    )
    for key in MAIL
}
MAILS |= {
    f"mail_attachment_{key}": Place(
        f"{FILE}\nrequest: {{post: /things, body: {{raw: {{convert: [mime_message, base64url], "
        'of: {subject: s, attachments: ["{f}"]}}}}',
        _file(**{"text": "x", "name": "n.txt", "media_type": "text/plain", key: "X"}),
        lambda _: None,
    )
    for key in ("text", "name", "media_type")
}
QUOTED = {
    f"quote_{language}": Place(
        f'{X}\nrequest: {{get: /things, query: {{q: {{quote: {language}, of: "name = {{x}} AND mine"}}}}}}',
        _plain,
        _literal(language),
    )
    for language in QUERY_LANGUAGES
}
GROUPS: Mapping[str, Mapping[str, Place]] = {
    "paths": PATHS, "queries": QUERIES, "headers": HEADERS, "bodies": BODIES, "forms": FORMS, "mails": MAILS,
    "quoted": QUOTED,
}  # fmt: skip


def _harmless(name: str) -> str:
    if name == "mail_attachment_media_type":
        return "text/plain"
    return "ann@example.org" if name.removeprefix("mail_") in (*MAIL[:5], *MAIL[8:]) else HARMLESS


async def assert_all_stay(era: Era, group: str, values: Sequence[str]) -> set[str]:
    """Bring each value to each place of a group: it stays there, or is refused and nothing is sent.

    Returns the places that took one at least.
    """
    places = GROUPS[group]
    async with scene(era, {name: place.action for name, place in places.items()}) as at:
        taken = set()
        for name, place in places.items():
            [usual], text, failed = await at.call(f"places_{name}", place.give(_harmless(name)))
            assert not failed, text
            for value in values if group != "mails" else filter(None, values):  # an empty field of a mail is none
                if await _stays(at, name, value, shape(usual)):
                    taken.add(name)
        return taken


async def _stays(at: Scene, name: str, value: str, usual: Any) -> bool:
    place = GROUPS[_group_of(name)][name]
    received, text, failed = await at.call(f"places_{name}", place.give(value))
    where = f"{name}: {value!r}: {text}"
    if not received:
        assert failed, where
        assert text.startswith(REFUSALS), where
        return False
    [one] = received
    assert shape(one) == usual, where
    read = place.read(one)
    kept = value.strip() if name.startswith("header") else value
    assert read in (None, kept), (where, read)
    return True


def _group_of(name: str) -> str:
    return next(group for group, places in GROUPS.items() if name in places)
