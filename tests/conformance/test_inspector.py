"""MCP Inspector's command line, strict, uses the plain product in either era, over HTTP and over stdio."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest
from tests.conformance.judges import Inspector, node, serving
from tests.e2e.programs import COMMAND, Install

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.mcp.fixed_tools import FIXED_TOOLS

pytestmark = pytest.mark.slow

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])
TRANSPORTS = pytest.mark.parametrize("transport", ["http", "stdio"])
REQUEST_FAILED, TOOL_FAILED = 1, 5  # exit codes of the Inspector
AT_ONCE = 3  # each request starts a Node.js, and over stdio a server


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sequence[str]]]:
    """How the Inspector reaches one installation, with the demo connected: by HTTP, and by starting it."""
    node()
    install = Install(tmp_path_factory.mktemp("inspected"))
    assert install.run("connect", "demo").returncode == 0
    own = [f"{name}={value}" for name, value in install.environment.items() if name.startswith("CONNECTORY_")]
    with serving(install) as url:
        yield {
            "http": [
                "--server-url",
                url,
                "--transport",
                "http",
                "--header",
                f"Authorization: Bearer {install.token()}",
            ],
            "stdio": [*chain.from_iterable(("-e", one) for one in own), "--", str(COMMAND), "stdio"],
        }


@ERAS
@TRANSPORTS
def test_it_lists_and_calls(servers: dict[str, Sequence[str]], transport: str, era: str, tmp_path: Path) -> None:
    inspector = Inspector(node(), tmp_path, era, servers[transport])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        listed = pool.submit(inspector.run, "tools/list", "--strict")
        said = pool.submit(inspector.result, "tools/call", "--tool-name=list_connectors", "--tool-arg=connected=true")
        tasks = pool.submit(inspector.result, "tools/call", "--tool-name=demo_list_tasks")
        refused = pool.submit(
            inspector.run, "tools/call", "--tool-name=call_action", "--tool-arg=action=demo_lift_tasks"
        )
        resources = pool.submit(inspector.result, "resources/list")
        templates = pool.submit(inspector.result, "resources/templates/list")
        prompts = pool.submit(inspector.result, "prompts/list")

    assert listed.result().returncode == 0, listed.result().stderr
    names = [tool["name"] for tool in json.loads(listed.result().stdout)["result"]["tools"]]
    assert names[:2] == ["list_connectors", "connect"]
    assert "demo_list_tasks" in names
    assert "name: demo\n" in said.result()["content"][0]["text"]
    assert "state: open" in tasks.result()["content"][0]["text"]
    assert refused.result().returncode == TOOL_FAILED, refused.result().stderr
    assert "demo_list_tasks" in refused.result().stdout + refused.result().stderr
    assert resources.result()["resources"][0]["uri"] == "connectory://connections/demo/default"
    assert "connectory://results/{id}" in [one["uriTemplate"] for one in templates.result()["resourceTemplates"]]
    assert prompts.result()["prompts"]


@ERAS
def test_it_reads_and_prompts(servers: dict[str, Sequence[str]], era: str, tmp_path: Path) -> None:
    inspector = Inspector(node(), tmp_path, era, servers["http"])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = pool.submit(inspector.result, "resources/read", "--uri=connectory://connections/demo/default")
        missing = pool.submit(inspector.run, "resources/read", "--uri=connectory://connections/demo/other")
        prompt = pool.submit(
            inspector.result, "prompts/get", "--prompt-name=connect_service", "--prompt-args=connector=demo"
        )

    assert "demo" in read.result()["contents"][0]["text"]
    assert missing.result().returncode == REQUEST_FAILED
    assert "There is no connection" in missing.result().stderr
    assert "demo" in prompt.result()["messages"][0]["content"]["text"]


def test_the_schemas_of_all_tools_there_can_be_are_portable(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    server = ["--", sys.executable, str(Path(__file__).with_name("every_tool.py"))]
    done = Inspector(node(), tmp_path, "modern", server).run("tools/list", "--strict")

    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["result"]["tools"]
    assert len(listed) == len(FIXED_TOOLS) + len(load_catalog([packaged_folder()], index_dir=None).actions)
    for tool, path in re.findall(r'Warning: tool "(\w+)"\n  Path: (\S+)', done.stderr):
        record_property("told", f"a schema that some clients may not take: {tool}, {path}")
