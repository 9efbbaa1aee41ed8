"""Every GitHub action sent by the real gateway to Prism, which holds each request to GitHub's description."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest
from tests.contracts.mock_server import PRISM, Forwarding, for_prism, running_prism
from tests.contracts.openapi import OpenApi
from tests.contracts.providers.github import CONTRACT
from tests.contracts.samples import all_arguments, required_arguments

from connectory.catalog.catalog import compile_connector, load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest
from connectory.errors import ConnectoryError
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import make_catalog
from connectory.wiring import Application

GITHUB = load_catalog([packaged_folder()], index_dir=None).connector("github")
ORIGIN = "https://api.github.com"


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.URL]:
    """Prism on what our connector calls of GitHub's description."""
    [source] = CONTRACT.sources
    assert isinstance(source, OpenApi)
    if not PRISM.exists() or source.missing:
        pytest.skip("Prism or GitHub's description is not there: `make test` brings both into .test-tools by npm")
    [description] = source.cut(GITHUB)
    document = for_prism(description, (GITHUB.manifest.headers["Accept"],))
    with running_prism(tmp_path_factory.mktemp("prism"), document) as url:
        yield url


@dataclass
class Connected:
    """An application whose GitHub is Prism, connected."""

    application: Application
    principal: Principal
    github: Forwarding

    async def call(self, name: str, arguments: Mapping[str, object]) -> str:
        """Call an action; what Prism found wrong with the request fails the test before what it answered."""
        try:
            result = await self.application.gateway.call_action(self.principal, f"github_{name}", arguments)
        except ConnectoryError as error:
            raise AssertionError(f"{self.github.violations or error.text}") from error
        assert self.github.violations == []
        return result.text


@asynccontextmanager
async def connected(prism: httpx2.URL, connector: Connector = GITHUB) -> AsyncIterator[Connected]:
    async with Forwarding(prism) as forwarding:
        mounts = {ORIGIN: forwarding}
        async with make_application(catalog=make_catalog(connector), mounts=mounts) as application:
            principal = await make_principal(application)
            await connect(application, principal, "github")
            forwarding.requests.clear()
            yield Connected(application, principal, forwarding)


@pytest.fixture
async def github(prism: httpx2.URL) -> AsyncIterator[Connected]:
    async with connected(prism) as one:
        yield one


@pytest.mark.parametrize("name", GITHUB.actions)
async def test_github_takes_an_action_with_all_its_inputs(github: Connected, name: str) -> None:
    await github.call(name, all_arguments(GITHUB.actions[name]))

    (request,) = github.github.requests
    assert request.headers["x-github-api-version"] == "2026-03-10"
    assert request.headers["authorization"] == "Bearer s3cret-token"
    assert request.headers["user-agent"]


@pytest.mark.parametrize("name", GITHUB.actions)
async def test_github_takes_an_action_with_what_it_requires(github: Connected, name: str) -> None:
    await github.call(name, required_arguments(GITHUB.actions[name]))


async def test_a_file_goes_as_base64_and_comes_as_text(github: Connected) -> None:
    given = {"owner": "octocat", "repo": "hello-world", "path": "README.md"}

    await github.call("write_file", {**given, "content": "# Grüße\n", "message": "Greet"})
    read = await github.call("get_file", given)

    assert json.loads(github.github.requests[0].content)["content"] == "IyBHcsO8w59lCg=="
    assert "path: README.md" in read


@pytest.mark.parametrize(
    ("name", "right", "wrong", "place"),
    [
        ("create_issue", '"body": "{body}"', '"text": "{body}"', ["body"]),
        ("create_issue", '"assignees": "{assignees}"', '"assignees": "{title}"', ["body", "assignees"]),
        ("update_issue", '"state": "{state}"', '"state": "{title}"', ["body", "state"]),
        (
            "update_issue",
            '"milestone": "{milestone}"',
            '"milestone": ["{milestone}"]',
            ["body", "milestone"],
        ),
        ("list_issues", '"state": "{state}"', '"state": "{creator}"', ["query", "state"]),
        ("list_releases", '"per_page": "{limit}"', '"per_page": "many"', ["query", "per_page"]),
        ("get_issue", "issues/{number}", "issues/{repo}", ["path", "issue_number"]),
    ],
)
async def test_a_request_that_github_would_refuse_is_seen(
    prism: httpx2.URL, name: str, right: str, wrong: str, place: list[str]
) -> None:
    data = GITHUB.manifest.model_dump(mode="json", by_alias=True, exclude_unset=True)
    action = json.dumps(data["actions"][name])
    assert right in action
    data["actions"][name] = json.loads(action.replace(right, wrong))
    broken = compile_connector(Manifest.model_validate(data))

    async with connected(prism, broken) as github:
        with pytest.raises(AssertionError):
            await github.call(name, all_arguments(broken.actions[name]))
        assert github.github.violations[0]["location"][-len(place) :] == place
