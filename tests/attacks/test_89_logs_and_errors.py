"""89. Logs and errors: secrets through success and every failure, with all loggers at DEBUG, stand in no line of ours.

The whole program runs here: page, `/mcp` and command line, over real sockets to a provider that echoes bad keys.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx2
import pytest
import structlog
from tests.cli.provider import Provider, provider
from tests.cli.terminal import Terminal
from tests.web.browsing import Page, token_of
from tests.web.ports import free_port, serving

from connectory.cli.faces import make_app
from connectory.cli.logging import StderrHandler, configure_logging
from connectory.identity.principal import local_principal
from connectory.settings import Settings, load_settings
from connectory.vault.entities import ConnectSession
from connectory.wiring import Application, running

KEY = 'planted/key+"with=marks'
WRONG = 'planted/wrong+"with=marks'
OPERATORS = {
    "NANGO_SECRET_KEY": "planted-nango-secret",
    "GOOGLE_CLIENT_ID": "app",
    "GOOGLE_CLIENT_SECRET": "planted-client-secret",
    "CONNECTOR_ENCRYPTION_KEY": secrets.token_hex(32),
}
LOGGERS = (
    "", "connectory", "httpx2", "httpcore2", "h11", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "alembic",
    "mcp", "uvicorn", "uvicorn.error", "uvicorn.access", "python_multipart", "sse_starlette", "asyncio",
)  # fmt: skip


@contextmanager
def everything_at_debug() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for handler in [one for one in logging.getLogger().handlers if isinstance(one, StderrHandler)]:
            logging.getLogger().removeHandler(handler)
        structlog.reset_defaults()


def spellings(secret: str) -> set[str]:
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        secret[: len(secret) // 2],
        secret[len(secret) // 2 :],
    }


def found(secret: str, text: str) -> set[str]:
    return {spelling for spelling in spellings(secret) if len(spelling) > 6 and spelling in text}


async def invite(application: Application) -> ConnectSession:
    return await application.auth.connect(await local_principal(application.vault), "acme", alias="typed")


async def type_key(client: httpx2.AsyncClient, path: str, origin: str, acme: Provider, key: str) -> httpx2.Response:
    """Fill the connect page's form as a browser does."""
    form = Page(await client.get(path)).forms[0]
    typed = {"server": acme.origin, "token": key}
    values = {f"value.{name}" if f"value.{name}" in form.inputs else name: text for name, text in typed.items()}
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    return await client.post(form.action, data={**form.fields, **values}, headers=headers)


async def call(client: httpx2.AsyncClient, bearer: str, tool: str, **arguments: object) -> str:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    answer = await client.post(
        "/mcp",
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": meta},
        },
        headers={
            "Authorization": f"Bearer {bearer}",
            "Accept": "application/json, text/event-stream",
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
            "Mcp-Protocol-Version": "2026-07-28",
        },
    )
    return answer.text


@pytest.fixture
def acme() -> Iterator[Provider]:
    with provider(KEY) as answering:
        yield answering


@pytest.fixture
def settings(acme: Provider, tmp_path: Path) -> Settings:
    environment = acme.environment(tmp_path / "manifests")
    return load_settings(
        {
            **OPERATORS,
            **environment,
            "CONNECTORY_DATA_DIR": str(tmp_path / "data"),
            "CONNECTORY_PORT": str(free_port()),
            "CONNECTORY_LOG_LEVEL": "debug",
        }
    )


async def test_attack_89_nothing_planted_shows_in_logs_answers_or_files(
    acme: Provider, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", settings)
    with everything_at_debug():
        async with running(settings) as application:
            principal = await local_principal(application.vault)
            _, token = await application.tokens.create(principal, "t")
            session = await invite(application)
            base = f"http://localhost:{settings.port}"
            async with (
                serving(make_app(application), settings),
                httpx2.AsyncClient(base_url=base, timeout=20, follow_redirects=True) as client,
            ):
                page = f"/connect/{session.link}"
                said = (await type_key(client, page, base, acme, WRONG)).text
                said += (await type_key(client, page, base, acme, KEY)).text
                said += await call(client, token, "acme_list_things", count=1)
                said += await call(client, token, "acme_list_things", count="many", token=WRONG)
                said += await call(client, token, "connect", connector="acme", password=WRONG)
                said += await call(client, token, "request", connection="acme/typed", method="GET", path="/x")
                said += await call(client, "cny_" + "x" * 43, "acme_list_things")
                said += (await client.get(f"/connect/{'y' * 43}?key={quote(KEY)}")).text
                said += (await client.post("/mcp", content=KEY, headers={"Authorization": f"Basic {KEY}"})).text
    logged = capfd.readouterr()

    assert "/things?count=1" in acme.requests
    assert "connectory.web.access" in logged.err
    for secret in (KEY, WRONG, token, *OPERATORS.values()):
        if secret != "app":
            assert not found(secret, logged.err + logged.out)
            assert not found(secret, said)
    assert not found(token_of(application.auth.link_url(session)), logged.err + logged.out)
    stored = [file for file in settings.data_dir.rglob("*") if file.is_file()]
    assert not [file for file in stored if any(text.encode() in file.read_bytes() for text in (KEY, WRONG, token))]


@pytest.mark.parametrize("key", [KEY, WRONG], ids=["right", "wrong"])
def test_attack_89_nothing_typed_shows_at_the_terminal(
    acme: Provider, tmp_path: Path, key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = {**acme.environment(tmp_path / "manifests"), "CONNECTORY_LOG_LEVEL": "debug"}
    terminal = Terminal(tmp_path / "data", environment)
    with everything_at_debug():
        done = terminal.run("connect", "acme", "--field", f"server={acme.origin}", "--from-env", ACME_TOKEN=key)
        called = terminal.run("call", "acme_list_things", "--arg", "count=1")
    logged = capfd.readouterr()

    assert done.code == (0 if key == KEY else 1)
    assert not found(key, done.out + done.err + called.out + called.err + logged.out + logged.err)
