"""Client libraries of other makers, each in its own environment: what a program that uses them can do here.

The first is run by `make test`, all of them by `make clients`. docs/clients.md tells what is seen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from tests.clients.driving import Driver, DriverError
from tests.clients.programs import TRANSPORTS, client_of, driver_of, refused, said
from tests.e2e.programs import COMMAND, Install, fill_page, link_in

pytestmark = pytest.mark.slow
FIXED, DEMO = 8, 5
ON_DEMAND = pytest.mark.clients
SDKS = [
    "mcp1",
    *(pytest.param(name, marks=ON_DEMAND) for name in ("fastmcp", "langchain", "pydantic-ai", "openai-agents")),
]
SHOWING = ["mcp1", *(pytest.param(name, marks=ON_DEMAND) for name in ("fastmcp", "langchain", "pydantic-ai"))]
HEARS_S = 5.0  # two seconds are meant; the machine may be busy


@pytest.fixture(scope="module", params=["stateless", "stateful"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Install, str]]:
    """A running server, with and without sessions; and a token."""
    install = Install(tmp_path_factory.mktemp("served"), extra={"CONNECTORY_HTTP_SESSIONS": request.param})
    with install.serving():
        yield install, install.token()


def alias_of(name: str, *more: str) -> str:
    return "-".join([name, *more]).replace("/", "")


def connect(driver: Driver, alias: str) -> str:
    """Connect the demo by the link in the first answer; the name of the connection."""
    assert fill_page(link_in(said(driver, "connect", connector="demo", alias=alias)), {}).status_code == 200
    assert f"Connected: Demo as demo/{alias}" in said(driver, "connect", connector="demo", alias=alias)
    return f"demo/{alias}"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", SDKS)
def test_it_connects_by_the_page_and_acts(served: tuple[Install, str], name: str, transport: str) -> None:
    install, token = served
    with client_of(install, name, transport, token) as driver:
        assert len(driver.ask("tools")) in (FIXED, FIXED + DEMO)
        board = connect(driver, alias_of(name, transport))
        tasks = said(driver, "call_action", action="demo_list_tasks", arguments={"state": "open"}, connection=board)
        assert "Ask it to mark this task as done" in tasks
        assert "unknown_action" in refused(driver, "call_action", action="demo_no_such", arguments={})
    with client_of(install, name, transport, token) as driver:
        assert len(driver.ask("tools")) == FIXED + DEMO
        assert said(driver, "demo_list_tasks", connection=board, state="open") == tasks
        address = f"connectory://connections/{board}"
        assert address in driver.ask("resources")["uris"]
        assert "Demo" in driver.ask("read", uri=address)


@pytest.mark.parametrize(("transport", "path"), [("http", "/sse"), ("sse", "/mcp")])
@pytest.mark.parametrize("name", SDKS)
def test_either_address_takes_either_transport(
    served: tuple[Install, str], name: str, transport: str, path: str
) -> None:
    install, token = served
    with client_of(install, name, transport, token, path=path) as driver:
        assert len(driver.ask("tools")) >= FIXED
        assert "connect" in said(driver, "list_connections")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", SHOWING)
def test_it_shows_the_link_where_the_server_can_ask(served: tuple[Install, str], name: str, transport: str) -> None:
    install, token = served
    alias = alias_of(name, transport, "asked")
    is_cut_off = transport == "http" and install.extra["CONNECTORY_HTTP_SESSIONS"] == "stateless"
    with client_of(install, name, transport, token, elicits=True) as driver:
        call = driver.begin("call", tool="connect", args={"connector": "demo", "alias": alias})
        link = link_shown(driver, call)
        if link is None:  # nothing can be asked without a session, but of clients of the newest protocol
            assert is_cut_off
            assert name in ("mcp1", "langchain")
            assert link_in(call.result(10)["text"])
            return
        assert fill_page(link, {}).status_code == 200
        assert f"Connected: Demo as demo/{alias}" in call.result(60)["text"]


def link_shown(driver: Driver, call: Future[Any]) -> str | None:
    """The link that the client was asked to show while the call runs."""
    until = time.monotonic() + 30
    while not (links := driver.ask("news")["links"]):
        if call.done():
            return None
        assert time.monotonic() < until
        time.sleep(0.05)
    return str(links[0])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ["mcp1", pytest.param("langchain", marks=ON_DEMAND)])
def test_it_hears_of_new_tools(install: Install, name: str, transport: str) -> None:
    install = Install(install.folder, install.port, {"CONNECTORY_HTTP_SESSIONS": "stateful"})
    with install.serving(), client_of(install, name, transport, install.token()) as driver:
        assert len(driver.ask("tools")) == FIXED
        assert install.run("connect", "demo").returncode == 0
        until = time.monotonic() + HEARS_S
        while driver.ask("news")["changes"] == 0:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert len(driver.ask("tools")) == FIXED + DEMO


@ON_DEMAND
@pytest.mark.parametrize(("caches", "count"), [(True, FIXED), (False, FIXED + DEMO)])
def test_pydantic_ai_sees_new_tools_unless_it_keeps_its_list(install: Install, caches: bool, count: int) -> None:
    with client_of(install, "pydantic-ai", "stdio", "", caches=caches) as driver:
        assert len(driver.ask("tools")) == FIXED
        board = connect(driver, "default")
        assert len(driver.ask("tools")) == count
        assert "Read what this board is for" in said(driver, "demo_list_tasks", connection=board)


@ON_DEMAND
def test_openai_agents_must_be_told_to_wait_for_the_person(install: Install) -> None:
    how = {"transport": "stdio", "command": str(COMMAND), "args": ["stdio"], "env": install.environment}
    with driver_of(install, "openai-agents") as driver:
        driver.ask("open", timeout_s=None, **how)
        link = link_in(said(driver, "connect", connector="demo"))
        with pytest.raises(DriverError, match="timed out"):
            said(driver, "connect", connector="demo")
        assert fill_page(link, {}).status_code == 200
        assert "demo/default" in said(driver, "connect", connector="demo")


@pytest.mark.parametrize("name", SDKS)
def test_a_large_result_comes_cut_with_a_handle_to_the_rest(install: Install, name: str) -> None:
    install = Install(install.folder, install.port, {"CONNECTORY_RESULT_TOKENS": "500"})
    assert install.run("connect", "demo").returncode == 0
    with client_of(install, name, "stdio", "") as driver:
        for number in range(30):
            said(driver, "demo_create_task", title=f"{number}: {'many words ' * 12}")
        cut = said(driver, "demo_list_tasks")
        assert len(cut.encode()) <= 500 * 4
        handle = cut.partition("result=")[2].partition(",")[0].partition(")")[0]
        assert "Item" in said(driver, "read_result", result=handle, offset=5)
