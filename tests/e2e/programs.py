"""Real programs for the end-to-end tests: a Kinto server, Connectory's own command, MCP clients, the connect page."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx2
import yaml
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.web.ports import free_port

ROOT = Path(__file__).parents[2]
KINTO = ROOT / ".test-tools/kinto/bin/kinto"
COMMAND = Path(sys.executable).parent / "connectory"
READY_S = 120.0
LINK = re.compile(r"http://[\w.]*localhost:\d+/(?:connect|confirm)/[\w-]+")
Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")

KINTO_INI = """
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %(http_port)s
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.userid_hmac_secret = only-for-this-test
kinto.includes = kinto.plugins.default_bucket kinto.plugins.accounts
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
kinto.paginate_by = 50
"""


def wait_until_up(url: str, process: subprocess.Popen[Any]) -> None:
    """Poll `url` until it answers 200. Fails when the process ends or the time is over."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode} before it was ready"
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer within {READY_S:.0f} s")


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process by SIGTERM, and by SIGKILL if it does not listen."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Kinto:
    """A running Kinto server with its state in memory."""

    url: str

    def create_account(self, name: str, password: str) -> None:
        """Create an account, which then signs in by HTTP Basic."""
        account = {"data": {"password": password}}
        httpx2.put(f"{self.url}/v1/accounts/{name}", json=account, trust_env=False, timeout=60).raise_for_status()

    def fill(
        self, account: tuple[str, str], bucket: str, collection: str, records: Sequence[Mapping[str, Any]]
    ) -> None:
        """Create records directly, 25 at a time: what a test needs to be there is not what it tests."""
        path = f"/buckets/{bucket}/collections/{collection}/records"
        with httpx2.Client(auth=account, trust_env=False, timeout=60) as client:
            for start in range(0, len(records), 25):
                requests = [{"body": {"data": record}} for record in records[start : start + 25]]
                batch = {"defaults": {"method": "POST", "path": path}, "requests": requests}
                answers = client.post(f"{self.url}/v1/batch", json=batch).raise_for_status().json()["responses"]
                assert {answer["status"] for answer in answers} == {201}


@contextmanager
def running_kinto(folder: Path) -> Iterator[Kinto]:
    """Start Kinto on a free loopback port."""
    ini, port = folder / "kinto.ini", free_port()
    ini.write_text(KINTO_INI)
    command = [str(KINTO), "start", "--ini", str(ini), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/v1/__heartbeat__", process)
        yield Kinto(f"http://127.0.0.1:{port}")
    finally:
        stop(process)


@dataclass(frozen=True)
class Install:
    """One data folder and port, and everything Connectory prints there."""

    folder: Path
    port: int = field(default_factory=free_port)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The canonical origin of the web page."""
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process of this installation."""
        own = {
            "CONNECTORY_DATA_DIR": str(self.folder / "data"),
            "CONNECTORY_PORT": str(self.port),
            "CONNECTORY_MANIFESTS": str(ROOT / "examples"),
            "CONNECTORY_LOG_LEVEL": "debug",
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, **own, **self.extra}

    @property
    def log(self) -> Path:
        """Where the processes' stderr goes."""
        return self.folder / "log"

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        environment = {**self.environment, **more.pop("env", {})}
        return subprocess.run(
            [str(COMMAND), *arguments], env=environment, capture_output=True, text=True, timeout=60, **more
        )

    def token(self, name: str = "test", *options: str) -> str:
        """Make an API token and return it."""
        made = self.run("token", "create", name, "--json", *options)
        assert made.returncode == 0, made.stderr
        token: str = yaml.safe_load(made.stdout)["token"]
        return token

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[str]]:
        """Run `connectory serve` for the length of the block."""
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [str(COMMAND), "serve"], env=self.environment, stdout=log, stderr=log, text=True, cwd=self.folder
            )
            try:
                wait_until_up(f"http://127.0.0.1:{self.port}/healthz", process)
                yield process
            finally:
                stop(process)

    @asynccontextmanager
    async def over_stdio(self, era: Era) -> AsyncIterator[Client]:
        """An MCP client that started `connectory stdio` itself. Every line of its stdout must be JSON-RPC."""
        wire = self.folder / f"wire-{uuid4().hex}"
        kept = f'exec "{COMMAND}" stdio 2>>"{self.log}" > >(exec tee "{wire}")'
        parameters = StdioServerParameters(command="bash", args=["-c", kept], env=self.environment)
        async with Client(parameters, mode=era) as client:
            yield client
        for line in wire.read_bytes().splitlines(keepends=True):
            assert not line.endswith(b"\n") or json.loads(line)["jsonrpc"] == "2.0", line

    @asynccontextmanager
    async def over_http(
        self, era: Era, token: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Client]:
        """An MCP client of the running server's `/mcp`."""
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        async with (
            httpx2.AsyncClient(headers=sent, timeout=60, trust_env=False) as http,
            Client(streamable_http_client(f"http://127.0.0.1:{self.port}/mcp", http_client=http), mode=era) as client,
        ):
            yield client


async def say(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that must succeed, and return its text."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    assert not result.is_error, text
    return text


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that must fail, and return the text that says why."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    assert result.is_error, text
    return text


def items_of(text: str) -> Any:
    """Read the data part of a result: what stands between the head and the notes, as YAML."""
    lines = text.split("\n")[1:]
    data = [line for line in lines if not re.match(r"(Items|Item|More at|Characters|Left out|Go on) ", line)]
    return yaml.safe_load("\n".join(data))


def link_in(text: str) -> str:
    """The connect or confirmation link that a text holds."""
    found = LINK.search(text)
    assert found, text
    return found[0]


class Forms(HTMLParser):
    """Collects the forms of a page: their action and the values of their inputs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append((found.get("action") or "", {}))
        elif tag == "input" and self.forms and found.get("name") and found.get("type") not in ("checkbox", "submit"):
            self.forms[-1][1][str(found["name"])] = found.get("value") or ""


def fill_page(link: str, values: Mapping[str, str], *, form: int = 0) -> httpx2.Response:
    """Open a page as a person without JavaScript would, fill its form, send it, and return the page that follows."""
    with httpx2.Client(trust_env=False, follow_redirects=True, timeout=30) as browser:
        page = browser.get(link)
        assert page.status_code == 200, page.text
        action, fields = Forms(page.text).forms[form]
        return browser.post(str(page.url.join(action)), data={**fields, **values})


def connect_kinto(link: str, kinto: Kinto, name: str, password: str) -> httpx2.Response:
    """Fill the connect page for a Kinto account, the private address confirmed."""
    values = {"value.server": kinto.url, "value.username": name, "value.password": password, "private_confirmed": "yes"}
    return fill_page(link, values)
