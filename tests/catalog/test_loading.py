"""A bad manifest is told by file, line, key path, message and what was meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.making import ABSENT, GOOD, changed, parse, problems_of

from connectory.catalog.loading import load_manifest, parse_manifest, read_manifest
from connectory.errors import ManifestInvalid

ACTION = "actions/list_orders"


def test_a_good_manifest_has_no_problem() -> None:
    manifest, problems = parse(GOOD)

    assert problems == ()
    assert manifest is not None
    assert manifest.actions["list_orders"].request.method == "GET"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            (f"{ACTION}/efect", "read"),
            "actions.list_orders.efect: 'efect' is no key of this place. Did you mean 'effect'?",
        ),
        (
            (f"{ACTION}/request/qery", {}),
            "actions.list_orders.request.qery: 'qery' is no key of this place. Did you mean 'query'?",
        ),
        (("auth/key/heder", {}), "auth.key.heder: 'heder' is no key of this place. Did you mean 'headers'?"),
        (
            ("auth/key/fields/token/sekret", True),
            "auth.key.fields.token.sekret: 'sekret' is no key of this place. Allowed here: title, kind, choices",
        ),
        (("xyz", {}), "xyz: 'xyz' is no key of this place. Allowed here: $schema, format, name,"),
        (("format", 2), "format: This should be 1. Or the file is for a newer Connectory."),
        (("auth/key/method", "xyz"), "auth.key.method: There is no method 'xyz'. It is one of api_key, basic,"),
        (
            ("auth/key/fields/token/kind", "sekret"),
            "auth.key.fields.token.kind: This should be 'text', 'secret', 'origin', 'choice' or 'file'. Did",
        ),
        (
            ("auth/key/fields/shop/kind", "choice"),
            "auth.key.fields.shop.choices: Kind choice needs `choices`, and only it takes them.",
        ),
        (("auth/key/method", "apikey"), "auth.key.method: There is no method 'apikey'. Did you mean 'api_key'?"),
        (
            ("auth/key/method", ABSENT),
            "auth.key.method: 'method' is missing. It is one of api_key, basic, client_credentials,",
        ),
        (
            (f"{ACTION}/effect", "reed"),
            "actions.list_orders.effect: This should be 'read', 'write' or 'destructive'. Did you mean 'read'?",
        ),
        ((f"{ACTION}/title", ABSENT), "actions.list_orders.title: 'title' is missing."),
        (("name", "Acme"), "name: This is no"),
        (("category", "shop"), "category: This should be"),
        (("docs", "javascript:alert(1)"), "docs: This is no"),
        ((f"{ACTION}/request/post", "/x"), "actions.list_orders.request: Needs exactly one of get, post"),
        (
            (f"{ACTION}/pages", "link_heder"),
            "actions.list_orders.pages.style: There is no style 'link_heder'. Did you mean 'link_header' or",
        ),
        (
            (f"{ACTION}/pages", {}),
            "actions.list_orders.pages.style: 'style' is missing. It is one of cursor, last_id, link_header,",
        ),
        ((f"{ACTION}/pages", 3), "actions.list_orders.pages: This should be a mapping of keys."),
        ((f"{ACTION}/pages", {"style": "next_url_header"}), "actions.list_orders.pages.header: 'header' is missing."),
        (
            (f"{ACTION}/pages", {"style": "cursor", "body": "x", "mor": "y"}),
            "actions.list_orders.pages.mor: 'mor' is no key of this place. Did you mean 'more'?",
        ),
        (
            (f"{ACTION}/answer/as", "texx"),
            "actions.list_orders.answer.as: This should be 'json', 'json_lines', 'text' or 'file'. Did you mean 'te",
        ),
        (
            (f"{ACTION}/scopes", [["a", 2]]),
            "actions.list_orders.scopes[0][1]: This should be text. Put it into quotes.",
        ),
        ((f"{ACTION}/scopes", [{}]), "actions.list_orders.scopes[0]: This should be text or a list."),
        ((f"{ACTION}/inputs", []), "actions.list_orders.inputs: This should be a mapping of keys."),
        (
            (f"{ACTION}/inputs/state", {"type": "array", "items": {"typ": "string"}}),
            "actions.list_orders.inputs.state.items.typ: 'typ' is no key of this place. Did you mean 'type'?",
        ),
        (
            ("errors", [{"when": {"status": [429]}, "code": "rate_limited", "retry": {"header": "x"}}]),
            "errors[0].retry.as: A header or body needs `as`, and a bucket has none.",
        ),
        (("idempotency", {}), "idempotency: Needs exactly one of header, query, body, variable."),
        ((f"{ACTION}/inputs/Bad", {}), "actions.list_orders.inputs.Bad: The name 'Bad' is not allowed."),
        (
            (f"{ACTION}/inputs/state/enum", [["x"]]),
            "actions.list_orders.inputs.state.enum[0]: This should be text or a whole number or a",
        ),
        (
            ("errors", [{"when": {}, "code": "rate_limited"}]),
            "errors[0].when: Needs at least one of status, headers, body.",
        ),
        ((f"{ACTION}/answer/as", "text"), "actions.list_orders.answer.items: `as: text` is given as it comes"),
        (("auth", {"a": {"method": "basic", "fields": None}}), "auth.a.fields: This should be a mapping of keys."),
        (("auth", {"a": {"method": "basic", "fields": ["x"]}}), "auth.a.fields: This should be a mapping of keys."),
        (("servers", {}), "servers: Needs `servers`."),
        (("logo", "<script>"), "logo: This is no"),
        (("format", 2), "format: This should be 1."),
    ],
)
def test_what_the_model_refuses_is_told_by_key_path_with_what_was_meant(change: tuple[str, Any], says: str) -> None:
    assert any(problem.startswith(says) for problem in problems_of(change)), problems_of(change)


@pytest.mark.parametrize(
    "change", [("xyz", {}), ("format", 2), ("auth/key/method", "xyz"), (f"{ACTION}/effect", "xyz")]
)
def test_what_resembles_nothing_may_be_of_a_newer_version(change: tuple[str, Any]) -> None:
    assert problems_of(change)[0].endswith(" Or the file is for a newer Connectory.")


def test_what_was_surely_meant_otherwise_is_not_taken_for_a_newer_version() -> None:
    assert "newer" not in "".join(problems_of((f"{ACTION}/efect", "read"), (f"{ACTION}/name", "x")))


def test_of_a_choice_of_kinds_only_what_is_wrong_further_in_is_told() -> None:
    assert problems_of((f"{ACTION}/scopes", [["a", 2]])) == [
        "actions.list_orders.scopes[0][1]: This should be text. Put it into quotes."
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{ACTION}/request/get", "/c/{custmer}"), "request.get: {custmer} is no input. Did you mean 'customer'?"),
        ((f"{ACTION}/request/get", "/c/{customer"), "a brace at"),
        ((f"{ACTION}/request/get", "c/{customer}"), "A path begins with a slash. Write /c/{customer}."),
        ((f"{ACTION}/request/get", "//evil.example/{customer}"), "This is no path."),
        ((f"{ACTION}/request/get", "/a/../{customer}"), "This is no path."),
        ((f"{ACTION}/request/get", "/a/%2e%2e/{customer}"), "This is no path."),
        ((f"{ACTION}/request/get", "/a?x={customer}"), "A path holds no query. Move `?x={customer}` to `query`."),
        ((f"{ACTION}/request/get", "/{customer}/{state}"), "'state' stands in the path, so it must be given."),
        ((f"{ACTION}/request/get", "/{customer}/{credential.token}"), "{credential.token} is legal under `auth` only."),
        ((f"{ACTION}/request/query/x", "{+customer}"), "legal in a request's path only"),
        (
            (f"{ACTION}/request/query/x", "{connection.shp}"),
            "{connection.shp} is no fact that can stand here. Did you mean 'shop'?",
        ),
        ((f"{ACTION}/request/query/x", "{connection.token}"), "{connection.token} is no fact that can stand here."),
        (
            (f"{ACTION}/request/query/x", ["a", {"b": "{credential.token}"}]),
            "query.x[1].b: {credential.token} is legal under",
        ),
        ((f"{ACTION}/request/query/x", "{cursor}"), "{cursor} is not at hand here."),
        ((f"{ACTION}/request/server", "apl"), "There is no server 'apl'. Did you mean 'api'?"),
        ((f"{ACTION}/request/body", {"a": 1}), "A GET has no body."),
        ((f"{ACTION}/request/headers", {"Host": "x"}), "belongs to the connection between two machines"),
        ((f"{ACTION}/request/headers", {"X-Real-IP": "x"}), "belongs to the connection between two machines"),
        ((f"{ACTION}/request/headers", {"Proxy-Anything": "x"}), "belongs to the connection between two machines"),
        ((f"{ACTION}/request/headers", {"accept-encoding": "x"}), "belongs to the connection between two machines"),
        ((f"{ACTION}/request/headers", {"Authorization": "x"}), "carries credentials"),
        ((f"{ACTION}/request/headers", {"accept": "x"}), "Header accept is spelled Accept"),
        ((f"{ACTION}/request/headers", {"X-A": "a\nb"}), "printable ASCII"),
        ((f"{ACTION}/request/headers", {"X A": "a"}), "'X A' is no header name."),
        ((f"{ACTION}/request/headers", {"X-A": "1", "x-a": "2"}), "twice, differing in case"),
        ((f"{ACTION}/request/headers", {"Content-Type": "x"}), "follows from `encoding`"),
        ((f"{ACTION}/pages", ABSENT), "{limit} is not at hand here."),
        ((f"{ACTION}/answer/items", ABSENT), "needs `answer.items`"),
        ((f"{ACTION}/answer/item", "{id: "), "This is no JMESPath expression"),
        ((f"{ACTION}/answer/item", "(" * 1500 + "a"), "This is no JMESPath expression"),
        ((f"{ACTION}/answer/item", "a" * 3000), "more than 2,000 characters"),
        ((f"{ACTION}/effect", "write"), "Only a read has `pages`."),
        ((f"{ACTION}/inputs/limit", {"type": "integer"}), "'limit' is reserved"),
        ((f"{ACTION}/inputs/unused", {"type": "string"}), "'unused' is used nowhere"),
        ((f"{ACTION}/inputs/customer/type", "object"), "{customer} is of type object, which cannot stand in"),
        ((f"{ACTION}/inputs/customer/pattern", "(["), "This is no regular expression"),
        ((f"{ACTION}/inputs/customer/examples", [7]), "examples[0]: This does not fit the input's own schema"),
        ((f"{ACTION}/inputs/customer/default", "x"), "A required input has no default."),
        ((f"{ACTION}/inputs/state/default", "gone"), "default: This does not fit"),
        ((f"{ACTION}/inputs/customer/maxLength", 1), "examples[0]: This does not fit"),
        (("verify", ABSENT), "'verify' is missing."),
        (("verify/request/get", "/{x}"), "{x} is no input. No input can stand here."),
        (("verify/account/id", "["), "verify.account.id: This is no JMESPath"),
        (("verify/scopes", {"header": "X Y"}), "is no header name"),
        (("message", "]"), "message: This is no JMESPath"),
        (("errors", [{"when": {"body": "["}, "code": "rate_limited"}]), "errors[0].when.body: This is no JMESPath"),
        (("headers", {"X": "{customer}"}), "{customer} is no input. No input can stand here."),
        (("headers", {"X": "{credential.token}"}), "legal under `auth` only"),
        (("auth/key/headers", {}), "The secret 'token' is never sent."),
        (
            ("auth/key/headers", {"X": "{credential.tokn}"}),
            "{credential.tokn} is no secret field of this method. Did you mean 'token'?",
        ),
        (("auth/key/headers", {"X": "{credential.shop}"}), "{credential.shop} is no secret field"),
        (("auth/key/headers", {"Accept": "{credential.token}"}), "stands in `headers` too"),
        (("auth/key/fields/id", {"title": "Id"}), "{connection.id} is the connection's own id."),
        (("auth/key/fields/token/default", "x"), "A secret has no default."),
        (("auth/key/fields/shop/default", "A!"), "does not match the field's own pattern"),
        (("auth/key/fields/shop/pattern", ABSENT), "decides where credentials are sent"),
        (("auth/key/fields/shop/pattern", ".*"), "The pattern lets 'evil.example/' through."),
        (("auth/key/fields/shop/pattern", r"[a-z.]+(/|\\w)*"), "The pattern lets 'evil.example/' through."),
        (("auth/key/fields/shop/required", False), "stand here: signing in by key it may be left empty."),
        (("auth/other", {"method": "none"}), "stand here: signing in by other does not give it."),
        (("servers/api", "https://{connection.id}.acme.example"), "cannot be part of an address"),
        (("servers/api", "https://{credential.token}.acme.example"), "legal under `auth` only"),
        (("servers/api", "ftp://acme.example"), "This is no base address."),
        (("servers/api", "https://u@acme.example"), "This is no base address."),
        (("servers/api", "https://acme.example?x=1"), "This is no base address."),
        (("servers/api", "https://acme.example/../x"), "This is no base address."),
        (("servers/api", "https://acme.example:0"), "This is no base address."),
        (("servers/api", "https://acme.example:99999"), "This is no base address."),
        (("servers/api", "https://127.1"), "This is no base address."),
        (("servers/api", "https://acme.example/%2e%2e/x"), "This is no base address."),
        (("servers/api", "https://acme..example"), "This is no base address."),
        (("actions/request", GOOD["actions"]["list_orders"]), "so no action has that name"),
        ((f"{ACTION}/request/query/n", ABSENT), "Nothing in the request says how many items a page shall have."),
        (("title", "Ac\u202eme"), "title: It holds the control or format character U+202E."),
        (("description", "Orders\x07 at Acme."), "description: It holds the control or format character U+0007."),
        ((f"{ACTION}/title", "List\norders"), "title: It holds the control or format character U+000A."),
        ((f"{ACTION}/description", "List\u200b orders."), "actions.list_orders.description: It holds the control"),
        ((f"{ACTION}/inputs/state/description", "\u00ad"), "inputs.state.description: It holds the control"),
        (("auth/key/fields/token/help", "\u2066x"), "auth.key.fields.token.help: It holds the control"),
        (("tasks", ["a", "b\u2028c"]), "tasks[1]: It holds the control or format character U+2028."),
        (("name", "a-connector-of-24-letter"), "At most 40 fit"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_told(change: tuple[str, Any], says: str) -> None:
    changes = [
        change,
        *([("actions/a_name_that_is_far_too_long", GOOD["actions"]["list_orders"])] if change[0] == "name" else []),
    ]

    assert any(says in problem for problem in problems_of(*changes)), problems_of(*changes)


def test_an_action_never_takes_the_name_of_a_fixed_tool() -> None:
    problems = problems_of(("name", "list"), ("actions/connections", GOOD["actions"]["list_orders"]))

    assert any("list_connections, which is one of Connectory's own tools" in problem for problem in problems)


@pytest.mark.parametrize("name", ["list", "search", "read", "call", "connect", "sync", "request", "search-records"])
def test_no_connectors_tools_look_like_a_fixed_one(name: str) -> None:
    assert problems_of(("name", name))[0].startswith("name: The tools of")


@pytest.mark.parametrize("name", ["searcher", "call-center", "connectwise", "lists", "con"])
def test_a_name_that_only_resembles_a_fixed_tool_is_fine(name: str) -> None:
    assert problems_of(("name", name)) == []


def test_pages_of_one_fixed_size_need_no_size_in_the_request() -> None:
    fixed = (f"{ACTION}/pages", {"style": "link_header", "max_size": 50})

    assert problems_of((f"{ACTION}/request/query/n", ABSENT), fixed) == []


def test_titles_may_hold_joined_scripts_and_descriptions_may_be_folded() -> None:
    assert problems_of(("title", "می\u200cخواهم"), (f"{ACTION}/description", "List the orders at Acme.\n")) == []


def test_a_typed_origin_may_be_a_whole_server_but_only_at_its_beginning() -> None:
    origin = ("auth/key/fields/shop", {"title": "Server", "kind": "origin"})

    assert problems_of(origin, ("servers/api", "{connection.shop}/v1")) == []
    assert "must stand at the beginning" in problems_of(origin, ("servers/api", "https://x/{connection.shop}"))[0]


def test_the_connections_id_is_always_at_hand_outside_addresses() -> None:
    assert problems_of(("headers/X-Sandbox", "{connection.id}")) == []


def test_a_problem_reads_like_a_compilers() -> None:
    text = json.dumps(changed((f"{ACTION}/efect", "read")), indent=1)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "efect" in row)

    _, problems = parse_manifest(text.encode(), Path("acme.yaml"))

    assert str(problems[0]) == (
        f"acme.yaml:{line}: actions.list_orders.efect: 'efect' is no key of this place. Did you mean 'effect'?"
    )


def test_all_problems_of_a_file_come_at_once_in_its_order() -> None:
    _, problems = parse(changed(("titel", "x"), (f"{ACTION}/efect", "x"), ("auth/key/heder", {})))

    assert len(problems) == 3
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path) -> None:
    assert "cannot be read" in read_manifest(tmp_path / "none.yaml")[1][0].message
    assert "cannot be read" in read_manifest(tmp_path)[1][0].message


@pytest.mark.parametrize("text", ["", "- a", "x", "1"])
def test_what_is_no_mapping_is_told_so(text: str) -> None:
    assert "mapping" in parse_manifest(text.encode(), Path("x"))[1][0].message


def test_loading_one_file_raises_with_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("format: 1\nname: x\n")

    with pytest.raises(ManifestInvalid, match=r"x\.yaml:1: title: 'title' is missing") as refusal:
        load_manifest(file)

    assert "category" in refusal.value.message


_KEYS = st.sampled_from([*GOOD, "method", "fields", "get", "x"])
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.sampled_from(["{x}", "{", "api_key", "/a", "basic"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_PLACES = [
    "auth",
    "auth/key",
    "auth/key/fields",
    "auth/key/fields/token",
    "servers",
    "verify",
    "actions",
    ACTION,
    f"{ACTION}/request",
    f"{ACTION}/inputs",
    f"{ACTION}/inputs/state",
    f"{ACTION}/pages",
    f"{ACTION}/answer",
    "errors",
    "headers",
    "name",
]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(_PLACES), value=_JSON)
def test_whatever_stands_in_a_manifest_it_loads_or_has_problems(place: str, value: Any) -> None:
    manifest, problems = parse(changed((place, value)))

    assert (manifest is None) == bool(problems)
