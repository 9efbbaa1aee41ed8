"""Every action of a connector through the whole: MCP client, gateway, executor, a double that judges the request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from tests.contracts.contract import VERIFY, Contract, Source, contract_of
from tests.contracts.expecting import missed
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.judging import Double, Judge, Unjudged
from tests.contracts.judging_graphql import BySchema
from tests.contracts.judging_openapi import ByDescription, documents
from tests.contracts.judging_recorded import ByRecording
from tests.contracts.openapi import OpenApi
from tests.contracts.prism_server import PRISM, running_prism
from tests.contracts.reading import Paths, read_by, read_by_proof
from tests.contracts.recordings import Recorded
from tests.contracts.samples import all_arguments, required_arguments
from tests.contracts.tolerating import intolerable, is_answer_accepted
from tests.e2e.signing_in import SECRET, facts_of, origins_of, secrets_of, sign_in, ways
from tests.gate.gate import packaged
from tests.mcp.test_tools import Era, call, client_of

from connectory.catalog.connector import Action, Connector
from connectory.testing.application import make_application, make_principal

Problems = dict[str, list[str]]


def held_by(kind: type[Source]) -> list[str]:
    """The connectors of which an action is held to a source of this kind."""
    found = {name: contract_of(name) for name in packaged().connectors}
    return sorted(name for name, one in found.items() if one and any(isinstance(s, kind) for s in one.sources))


async def check_every_action(name: str, kind: type[Source], folder: Path) -> Problems:
    """Send each action that is held to a source of this kind; return what is wrong, by era and action.

    In one era with all arguments, signed in as the manifest says first; in the other with those that are required,
    by a form where there is one, so that the verify call is sent too.
    """
    connector, contract = packaged().connector(name), contract_of(name)
    assert contract is not None
    if contract.missing is not None:
        pytest.skip(contract.missing)
    if not PRISM.exists() and any(isinstance(one, OpenApi) for one in contract.sources):
        pytest.skip("Prism is not there: `make test` brings it into .test-tools by npm")
    problems: Problems = {}
    with _judging(connector, contract, folder) as judging:
        first, by_form = ways(connector, contract)
        eras: list[tuple[Era, str, bool]] = [("auto", first, True), ("legacy", by_form, False)]
        for era, method, is_full in eras:
            async with _standing(judging, method, era, is_last=not is_full) as standing:
                problems |= {f"{era} {VERIFY}": standing.of_verify} if standing.of_verify else {}
                for action in connector.actions.values():
                    if isinstance(contract.source_of(connector, action), kind):
                        found = await _call(standing, action, is_full=is_full)
                        problems |= {f"{era} {action.name}": found} if found else {}
    return problems


@dataclass(frozen=True)
class _Judging:
    """A connector, and where Prism listens for each of its descriptions."""

    connector: Connector
    contract: Contract
    prisms: Mapping[int, Mapping[str, Any]]

    def judge(self, source: Source, name: str, inner: httpx2.AsyncBaseTransport, *, is_last: bool) -> Judge:
        """Who judges the requests of the action of this name."""
        given = self.contract.given
        if isinstance(source, OpenApi):
            return ByDescription(source, self.prisms[id(source)], inner, given, is_last, self.read(name))
        if isinstance(source, GraphQl):
            return BySchema(source, given, is_last)
        assert isinstance(source, Recorded)
        description = source.describe(name)
        assert description is not None
        return ByRecording(description, given)

    def read(self, name: str) -> Paths:
        """What is read of the answers to the action of this name."""
        manifest = self.connector.manifest
        if name != VERIFY:
            return read_by(manifest.actions[name])
        return frozenset() if manifest.verify is None else read_by_proof(manifest.verify)


@dataclass(frozen=True)
class _Standing:
    judging: _Judging
    double: Double
    client: Client
    of_verify: list[str]  # what was wrong with the verify call


@contextmanager
def _judging(connector: Connector, contract: Contract, folder: Path) -> Iterator[_Judging]:
    with ExitStack() as stack:
        prisms = {
            id(source): {
                version: stack.enter_context(running_prism(folder, document))
                for version, document in documents(source, contract.seen(connector)).items()
            }
            for source in contract.sources
            if isinstance(source, OpenApi)
        }
        yield _Judging(connector, contract, prisms)


@asynccontextmanager
async def _standing(judging: _Judging, method: str, era: Era, *, is_last: bool) -> AsyncIterator[_Standing]:
    connector, contract = judging.connector, judging.contract
    facts, secrets = facts_of(connector, contract, method), secrets_of(connector, contract, method)
    double = Double(secrets={SECRET, *secrets.values()})
    mounts = dict.fromkeys(origins_of(connector, method, facts), double)
    async with (
        httpx2.AsyncHTTPTransport() as inner,
        make_application(catalog=packaged(), mounts=mounts) as application,
    ):
        for action in connector.actions.values():
            if (source := contract.source_of(connector, action)) is not None:
                double.judges[action.name] = judging.judge(source, action.name, inner, is_last=is_last)
        if (source := contract.source_of_verify(connector)) is not None:
            double.judges[VERIFY] = judging.judge(source, VERIFY, inner, is_last=False)
        else:
            double.judges[VERIFY] = Unjudged(judging.read(VERIFY))
        principal = await make_principal(application)
        double.expect(VERIFY, "json")
        await sign_in(application, principal, connector, method, facts, secrets)
        of_verify = intolerable(double.problems, contract.accepted_of(VERIFY))
        async with client_of(application, principal, era) as client:
            yield _Standing(judging, double, client, of_verify)


async def _call(standing: _Standing, action: Action, *, is_full: bool) -> list[str]:
    """Call an action; return what is wrong with its requests and with what the agent got."""
    contract, double, answer = standing.judging.contract, standing.double, action.manifest.answer
    try:
        arguments = all_arguments(action) if is_full else required_arguments(action)
    except ValueError as error:
        return [str(error)]
    if action.manifest.pages is not None:
        arguments["limit"] = 1
    steps = len(action.manifest.steps)
    double.expect(action.name, "json" if answer.content is not None else answer.kind, steps)
    text, failed = await call(standing.client, action.tool, **arguments)
    found = intolerable(double.problems, contract.accepted_of(action.name))
    is_partial = is_answer_accepted(contract.accepted_of(action.name))
    if is_partial and (not failed or text.startswith("unexpected_response")):
        return found
    if failed:
        return [*found, f"it failed: {text[:500]}"]
    source = contract.source_of(standing.judging.connector, action)
    assert source is not None
    schemas = source.answers(contract.seen(standing.judging.connector), action)
    return [*found, *missed(action, double.answers[steps:], text, schemas)]
