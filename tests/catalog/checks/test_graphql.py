"""A GraphQL document is one operation whose variables are all given, and none of whose text is filled in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, problems_of
from tests.catalog.rich import RICH

GRAPH = "actions/graph/request"
QUERY = RICH["actions"]["graph"]["request"]["graphql"]
DOCUMENT = f"{GRAPH}/graphql"


def test_a_document_may_have_fragments_defaults_and_selections_that_look_like_placeholders() -> None:
    text = 'query($id: ID!, $word: String! = "x") { orders(id: $id, word: $word) {id} }'

    assert problems_of((DOCUMENT, text), base=RICH) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((DOCUMENT, "{a" * 2000), "This is no GraphQL document: Document is nested too deeply"),
        (
            (DOCUMENT, "query { orders {"),
            "graph.request.graphql: This is no GraphQL document: Expected Name, found <EOF> (line 1",
        ),
        ((DOCUMENT, "{ orders(id: {id}) { id } }"), "This is no GraphQL document: Expected ':'"),
        ((DOCUMENT, "{ orders(id: {id}) { id } }"), "Declare a variable, e.g. query($id: ID!)"),
        ((DOCUMENT, "{a" * 5000), "This is no GraphQL document: "),
        ((DOCUMENT, "{" + "a " * 12_000 + "}"), "This is no GraphQL document: it has more than 20,000 characters."),
        ((DOCUMENT, QUERY.replace("word: $word", 'word: "{first_word}"')), "{first_word} stands in the document"),
        (
            (DOCUMENT, QUERY.replace("word: $word", 'word: "{connection.site}"')),
            "{connection.site} stands in the document",
        ),
        ((DOCUMENT, QUERY + " query Other { a }"), "The document has 2 operations."),
        ((DOCUMENT, "fragment F on A { b }"), "The document has 0 operations."),
        ((DOCUMENT, QUERY.replace("query", "subscription")), "A subscription never ends"),
        ((DOCUMENT, QUERY + " type A { b: Int }"), "holds more than an operation and fragments"),
        ((DOCUMENT, QUERY.replace("...F", "...G")), "There is no fragment 'G'."),
        ((DOCUMENT, QUERY.replace("...F", "id")), "The fragment 'F' is used nowhere."),
        ((DOCUMENT, QUERY.replace("word: $word", "word: $wrd")), "$wrd is not declared. Did you mean 'word'?"),
        ((DOCUMENT, QUERY.replace(", word: $word)", ")")), "$word is declared and used nowhere."),
        ((DOCUMENT, QUERY.replace("query", "mutation")), "actions.graph.effect: A mutation is no read."),
        ((f"{GRAPH}/variables/word", ABSENT), "graph.request.graphql: $word is never given."),
        (
            (f"{GRAPH}/variables/wrod", "{first_word}"),
            "variables.wrod: The document declares no $wrod. Did you mean 'word'?",
        ),
        ((f"{GRAPH}/variables/id", "{first_word}"), "variables.id: $id must be given, and may be absent here."),
        (("actions/graph/inputs/id/nullable", True), "variables.id: $id must be given, and may be absent here."),
        ((f"{GRAPH}/variables/id", {"each": "{ids}", "of": "{each}"}), "variables.id: $id must be given"),
        ((f"{GRAPH}/variables/id", {"when": "{first_word}", "of": "{id}"}), "variables.id: $id must be given"),
        ((f"{GRAPH}/post", ABSENT), "graph.request"),
        ((f"{GRAPH}/body", {"a": "{id}"}), "graph.request.body: With `graphql` there is no `body`"),
        ((f"{GRAPH}/encoding", "form"), "graph.request.encoding: With `graphql` there is no `encoding`"),
        (("actions/change/effect", "read"), "actions.change.effect: A mutation is no read."),
        (
            ("verify/request", {"post": "/g", "graphql": "mutation { a }"}),
            "verify.request: A verify call changes nothing",
        ),
    ],
)
def test_a_document_that_cannot_be_sent_is_told(change: tuple[str, Any], says: str) -> None:
    found = problems_of(change, ("actions/graph/inputs/ids", {"type": "array", "required": True}), base=RICH)

    assert any(says in problem for problem in found), found


def test_graphql_goes_by_post() -> None:
    changes = [(f"{GRAPH}/post", ABSENT), (f"{GRAPH}/get", "/graphql")]

    assert "actions.graph.request: GraphQL is sent by POST, not GET. Use post." in problems_of(*changes, base=RICH)


@pytest.mark.parametrize(
    "tree",
    [{"a": "{id}", "b": "{first_word}"}, ["{first_word}", "x"], {"join": ",", "of": ["{id}", "{first_word}"]}, {}],
)
def test_a_variable_is_given_where_any_of_its_parts_is(tree: Any) -> None:
    used = (f"{GRAPH}/variables/word", {"join": " ", "of": ["{id}", "{first_word}"]})

    assert problems_of((f"{GRAPH}/variables/id", tree), used, base=RICH) == []


def test_a_variable_is_given_where_each_input_of_a_need_gives_it() -> None:
    inputs = {name: {"type": "string", "nullable": True, "description": "New."} for name in ("title", "owner", "note")}
    graph = {
        "post": "/graphql",
        "graphql": "mutation($id: ID!, $input: Change!) { change(id: $id, input: $input) { id } }",
        "variables": {"id": "{id}", "input": {name: f"{{{name}}}" for name in inputs}},
    }
    change = "actions/change"
    identity = {"type": "string", "required": True, "description": "Id."}
    changes = [(f"{change}/inputs", {"id": identity, **inputs}), (f"{change}/request", graph)]
    told = "actions.change.request.variables.input: $input must be given, and may be absent here."

    assert any(told in problem for problem in problems_of(*changes, base=RICH))
    assert problems_of(*changes, (f"{change}/needs", [["title", "owner", "note"]]), base=RICH) == []
    graph["variables"] = {"id": "{id}", "input": {"title": "{title}"}, "more": ["{owner}", "{note}"]}
    assert any(
        told in problem for problem in problems_of(*changes, (f"{change}/needs", [["title", "note"]]), base=RICH)
    )


KEYED = "mutation ($key: String!, $id: ID!) { pay(id: $id) @idempotent(key: $key) { id } }"


def keyed(document: str, **variables: str) -> list[tuple[str, Any]]:
    """The changes that leave one write, a mutation, and let its key be a variable."""
    request = {"post": "/graphql", "graphql": document, "variables": {"id": "{id}", **variables}}
    gone = [(f"actions/{name}", ABSENT) for name in ("create", "upload", "send")]
    return [("idempotency", {"variable": "key"}), ("actions/change/request", request), *gone]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (keyed(KEYED), None),
        (keyed(KEYED.replace("key", "kee")), "idempotency: No action takes the key: no mutation declares $key."),
        (keyed(KEYED.replace("key", "kee")), "change.request.graphql: $kee is never given."),
        (keyed(KEYED, key="{id}"), "change.request.variables.key: 'key' is set by `idempotency`. Leave it out."),
        ([*keyed(KEYED), ("actions/change/takes_key", False)], "takes_key: $key is declared, and nothing fills it."),
        (
            [*keyed(KEYED.replace("key", "id").replace("$id: String!, ", "")), ("actions/change/takes_key", True)],
            "change.takes_key: The idempotency key has no place: its variable is not declared.",
        ),
        ([*keyed(KEYED), (DOCUMENT, "query ($key: ID!) { a(id: $key) }")], "graph.request.graphql: $key is never giv"),
    ],
)
def test_an_idempotency_key_is_a_variable_that_mutations_declare(
    changes: list[tuple[str, Any]], says: str | None
) -> None:
    found = problems_of(*changes, base=RICH)

    assert (found == []) if says is None else any(says in problem for problem in found), found
