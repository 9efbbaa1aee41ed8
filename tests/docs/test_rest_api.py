"""The examples of docs/rest-api.md, run by curl in a shell against a real server, one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.web.browsing import make_token, services_of
from tests.web.ports import free_port, serving

from connectory.catalog.catalog import packaged_folder
from connectory.demo.transport import ORIGIN, DemoTransport
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.web.app import create_web_app

PAGE = (Path(__file__).parents[2] / "docs" / "rest-api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```bash\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


async def shell(script: str, environment: dict[str, str]) -> str:
    given = {"PATH": os.environ["PATH"], **environment}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("bash", "-c", script, env=given, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, (script, out, err)
    return out.decode()


def packaged(name: str) -> Any:
    return make_connector((packaged_folder() / f"{name}.yaml").read_text(encoding="utf-8"))


@needs_curl
async def test_every_example_does_what_it_says() -> None:
    port = free_port()
    settings = make_settings(CONNECTORY_PORT=str(port))
    octocat = FakeProvider(answers(200, {"id": 1, "login": "octocat"}))
    mounts = {ORIGIN: DemoTransport(), "https://api.github.com": octocat}
    catalog = make_catalog(packaged("demo"), packaged("github"))
    async with make_application(settings=settings, catalog=catalog, mounts=mounts) as application:
        token = await make_token(application, await make_principal(application))
        environment = {"TOKEN": token, "API": f"http://localhost:{port}/api/workspace/default", "ID": ""}
        said: list[Any] = []
        async with serving(create_web_app(services_of(application)), settings):
            for example in EXAMPLES:
                out = await shell(example, environment)
                said.append(json.loads(out) if out[:1] in "{[" else out)
                if isinstance(said[-1], dict):
                    environment["ID"] = said[-1].get("connectionId", environment["ID"])
    available, github, demo, link, listed, verified, renamed, *said = said
    labelled, of_customer, found, called, policies, audit, table, gone = said
    assert {one["id"] for one in available} == {"demo", "github"}
    assert (github["method"], github["status"], demo["method"]) == ("direct", "active", "direct")
    assert "/connect/" in link["authUrl"]
    assert {one["metadata"]["name"] for one in listed} == {"github/work", "demo/default"}
    assert (verified["status"], renamed["metadata"]["name"]) == ("active", "demo/board")
    assert labelled["metadata"]["labels"] == {"customer": "c-17", "plan": "pro"}
    assert [one["metadata"]["name"] for one in of_customer] == ["demo/board"]
    assert found[0]["action"] == "demo_list_tasks"
    assert called["result"]["title"] == "Feed the cat"
    assert [one["effect"] for one in policies] == ["confirm"]
    assert audit["lines"][0]["action"] == "demo_create_task"
    assert table.startswith("id,at,")
    assert (gone["success"], gone["revocation"]) == (True, "not_supported")
