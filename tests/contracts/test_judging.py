"""The doubles see what a provider would refuse: by Prism, by a schema that executes, by what an SDK sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.contracts.description import Description
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.judging import Double, Unjudged, Verdict
from tests.contracts.judging_graphql import BySchema
from tests.contracts.judging_openapi import ByDescription, documents
from tests.contracts.judging_recorded import ByRecording
from tests.contracts.openapi import OpenApi
from tests.contracts.prism_server import PRISM, running_prism
from tests.contracts.recordings import as_openapi
from tests.contracts.test_check import BODY, CREATE, DOCUMENT, HEAD, LIST

from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest

ORIGIN = "https://api.shop.example/v2"
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
SCHEMA = """
type Query { thing(id: ID!, kind: Kind): Thing  owner: Owner }
enum Kind { BIG SMALL }
type Thing { id: ID! name: String tags: [String!]! }
union Owner = Person | Team
type Person { login: String! }
type Team { title: String! }
"""
RECORDED: list[dict[str, Any]] = [
    {"method": "POST", "path": "/v2/things/{id}", "query": ["notify"], "required": ["name"],
     "body": {"name": "x", "size": 1}, "answer": {"id": 7}},
]  # fmt: skip


def shop() -> Connector:
    actions = LIST + CREATE.join(["\n  two:\n    title: Two\n    description: Do two.\n    effect: write\n"
                                  "    docs: https://shop.example/docs\n", ""])  # fmt: skip
    return compile_connector(Manifest.model_validate(yaml.safe_load(HEAD + actions)))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> OpenApi:
    """The small shop's description, whose things can be made by a form and by parts too."""
    document = json.loads(json.dumps(DOCUMENT))
    content = document["paths"]["/things"]["post"]["requestBody"]["content"]
    content |= {kind: {"schema": json.loads(json.dumps(BODY))} for kind in (FORM, PARTS)}
    file = tmp_path_factory.mktemp("shop") / "shop.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return OpenApi([file])


@pytest.fixture(scope="module")
def prism(source: OpenApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.URL]:
    if not PRISM.exists():
        pytest.skip("Prism is not there: `make test` brings it into .test-tools by npm")
    with running_prism(tmp_path_factory.mktemp("prism"), documents(source, shop())["3.0.3"]) as url:
        yield url


@pytest.fixture
async def judge(source: OpenApi, prism: httpx2.URL) -> AsyncIterator[ByDescription]:
    async with httpx2.AsyncHTTPTransport() as inner:
        yield ByDescription(source, {"3.0.3": prism}, inner)


async def problems(judge: Any, request: httpx2.Request) -> str:
    await request.aread()
    verdict: Verdict = await judge.judge(request)
    return "; ".join(verdict.problems)


def listing(query: str) -> httpx2.Request:
    return httpx2.Request("GET", f"{ORIGIN}/things?{query}", headers={"x-shop": "web"})


def making(content: bytes, kind: str = "application/json") -> httpx2.Request:
    return httpx2.Request("POST", f"{ORIGIN}/things", headers={"content-type": kind}, content=content)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=1&state=new", ""),
        ("state=new", "since"),
        ("since=1&state=lost", "query.state"),
        ("since=soon", "query.since"),
        ("since=1&colour=red", "there is no query parameter 'colour'"),
    ],
)
async def test_a_query_is_judged(judge: ByDescription, query: str, said: str) -> None:
    found = await problems(judge, listing(query))

    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("application/json", b'{"name": "x", "count": 2, "lines": [{"sku": "a"}]}', ""),
        ("application/json", b'{"count": 2}', "name"),
        ("application/json", b'{"name": "x", "count": "two"}', "count"),
        ("application/json", b'{"name": "x", "colour": "red"}', "body has a member 'colour'"),
        ("application/json", b'{"name": "x", "lines": [{"sku": "a", "code": 1}]}', "a member 'code'"),
        (FORM, b"name=x&count=2&lines%5B0%5D%5Bsku%5D=a&tags%5B%5D=new", ""),
        (FORM, b"name=x&count=two", "count"),
        (FORM, b"name=x&lines%5B0%5D%5Bprice%5D=1", "sku"),
        (FORM, b"name=x&colour=red", "body has a member 'colour'"),
        ("text/plain", b"name", "supported content types"),
    ],
)
async def test_a_body_is_judged_a_form_by_what_it_means(
    judge: ByDescription, kind: str, content: bytes, said: str
) -> None:
    found = await problems(judge, making(content, kind))

    assert said in found.lower()
    assert bool(said) == bool(found)


@pytest.mark.slow
@pytest.mark.parametrize(("field", "said"), [("photo", ""), ("picture", "body has a member 'picture'")])
async def test_parts_are_judged(judge: ByDescription, field: str, said: str) -> None:
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % part
        for part in ((b"name", b"x"), (field.encode(), b"a photo"))
    )

    found = await problems(judge, making(parts + b"--b--\r\n", f"{PARTS}; boundary=b"))

    assert found == said


@pytest.mark.slow
async def test_what_is_no_operation_is_told_and_an_answer_follows_the_schema(judge: ByDescription) -> None:
    strange = await judge.judge(httpx2.Request("GET", f"{ORIGIN}/thing"))
    listed = await judge.judge(listing("since=1"))

    assert strange.problems == ["GET /v2/thing is no operation"]
    assert listed.answer["data"][0]["name"] == "a name"
    assert listed.answer["total"] == 7


@pytest.mark.parametrize(
    ("query", "variables", "said"),
    [
        ("query ($id: ID!) { thing(id: $id) { name tags } }", {"id": "7"}, ""),
        ("query ($id: ID!) { thing(id: $id) { size } }", {"id": "7"}, "Cannot query field 'size'"),
        ("query ($id: ID!) { thing(id: $id) { name } }", {}, "Expected a value of non-null type 'ID!'"),
        ("query ($k: Kind) { thing(id: 7, kind: $k) { name } }", {"k": "HUGE"}, "HUGE"),
    ],
)
async def test_graphql_is_executed(tmp_path: Path, query: str, variables: dict[str, Any], said: str) -> None:
    (tmp_path / "shop.graphql").write_text(SCHEMA, encoding="utf-8")
    request = httpx2.Request("POST", f"{ORIGIN}/graphql", json={"query": query, "variables": variables})

    found = await problems(BySchema(GraphQl(tmp_path / "shop.graphql")), request)

    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize(("last", "owner"), [(False, {"login": "a login"}), (True, {"title": "a title"})])
async def test_of_a_union_a_type_is_given_that_is_asked_of(tmp_path: Path, last: bool, owner: dict[str, str]) -> None:
    (tmp_path / "shop.graphql").write_text(SCHEMA, encoding="utf-8")
    query = "{ owner { ... on Person { login } ... on Team { title } } }"
    request = httpx2.Request("POST", f"{ORIGIN}/graphql", json={"query": query})

    verdict = await BySchema(GraphQl(tmp_path / "shop.graphql"), last=last).judge(request)

    assert verdict.answer == {"data": {"owner": owner}}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/things/7?notify=true", {"name": "x", "size": 2}, ""),
        ("/thing/7", {"name": "x"}, "the SDK was not seen to send POST /v2/thing/7"),
        ("/things/7?inform=true", {"name": "x"}, "there is no query parameter 'inform'"),
        ("/things/7", {"size": 2}, "body.name is required and not sent"),
        ("/things/7", {"name": "x", "size": "big"}, "body.size is 'big', and not integer or number"),
        ("/things/7", {"name": "x", "colour": "red"}, "body has a member 'colour'"),
    ],
)
async def test_a_request_is_compared_with_the_sdks(path: str, body: dict[str, Any], said: str) -> None:
    judge = ByRecording(Description(as_openapi(RECORDED)))

    assert await problems(judge, httpx2.Request("POST", ORIGIN + path, json=body)) == said


async def test_a_request_without_a_credential_is_told() -> None:
    double = Double({"one": Unjudged(frozenset({("owner", "login")}))}, secrets={"s3cret"})
    double.expect("one", "json")

    bare = await double.handle_async_request(httpx2.Request("GET", ORIGIN))
    await double.handle_async_request(httpx2.Request("GET", ORIGIN, headers={"authorization": "Bearer s3cret"}))
    await double.handle_async_request(httpx2.Request("GET", ORIGIN, headers={"authorization": "Basic dTpzM2NyZXQ="}))

    assert json.loads(await bare.aread()) == {"owner": {"login": "a login"}}
    assert double.problems == ["the request carries no credential"]
