"""AnythingLLM's way, by the client library that it uses: each fact of its MCP code that a server can meet."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.conversations import AnythingLLM, anythingllm, stdio_entry, text_in, url_entry
from tests.e2e.bad_provider import make_bad_provider
from tests.e2e.programs import Install, fill_page, link_in, stop

pytestmark = pytest.mark.slow
FIXED = 8
GOES_BY_ITSELF_S = 1.9  # AnythingLLM sends SIGTERM again after two seconds, SIGKILL after four
REOPENS_S = 30.0  # its stream opens again three seconds after it was lost; the machine may be busy
PAIRS = [("/mcp", "streamable"), ("/mcp", "http"), ("/sse", "sse"), ("/sse", None)]
WRONG_PAIRS = [("/mcp", None), ("/mcp", "sse"), ("/sse", "http"), ("/sse", "streamable")]
MODES = ("stateless", "stateful")


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Install, str]]:
    """A running server, with and without sessions; and a token."""
    install = Install(tmp_path_factory.mktemp("served"), extra={"CONNECTORY_HTTP_SESSIONS": request.param})
    with install.serving():
        yield install, install.token()


def a_day_at_work(client: AnythingLLM, alias: str) -> None:
    """Start, connect by the page, act at once, and find the new tools in the next conversation."""
    assert client.boot() == "success"
    assert len([name for name in client.functions() if not name.startswith("connectory-demo_")]) == FIXED
    asked = client.say("connect", connector="demo", alias=alias)
    assert fill_page(link_in(asked), {}).status_code == 200
    assert f"demo/{alias}" in client.say("connect", connector="demo", alias=alias)
    board = f"demo/{alias}"
    tasks = client.say("call_action", action="demo_list_tasks", arguments={"state": "open"}, connection=board)
    assert "Ask it to mark this task as done" in tasks
    assert client.say("demo_list_tasks", state="open", connection=board) == tasks  # known by name already
    assert "connectory-demo_list_tasks" in client.functions()


@pytest.mark.parametrize(("path", "kind"), [*PAIRS, *WRONG_PAIRS])
def test_every_pair_of_address_and_type_connects_and_acts(
    served: tuple[Install, str], path: str, kind: str | None
) -> None:
    install, token = served
    with anythingllm(install, url_entry(install, token, path, kind)) as client:
        began = time.monotonic()
        a_day_at_work(client, f"{kind}-at-{path[1:]}".lower())
        assert time.monotonic() - began < 25  # a wrong pair used to hang until the 30 seconds of a start were over


def test_a_server_that_it_starts_itself_connects_and_acts(install: Install) -> None:
    with anythingllm(install, stdio_entry()) as client:
        a_day_at_work(client, "default")


def test_a_type_that_it_does_not_know_is_its_own_refusal(install: Install) -> None:
    with anythingllm(install, url_entry(install, "cny_x", "/mcp", "streamable-http")) as client:
        assert client.boot() == "failed: unknown type streamable-http"


@pytest.mark.parametrize(("path", "kind"), PAIRS)
def test_a_wrong_token_fails_at_once_in_words(served: tuple[Install, str], path: str, kind: str | None) -> None:
    install, _ = served
    with anythingllm(install, url_entry(install, "cny_wrong", path, kind)) as client:
        began = time.monotonic()
        said = client.boot()
        assert re.search(r"401|Unauthorized|invalid_token", said)
        assert "cny_wrong" not in said
        assert time.monotonic() - began < 10


def test_what_the_model_gets_is_fit_for_every_model_api(install: Install) -> None:
    assert install.run("connect", "demo").returncode == 0
    with anythingllm(install, stdio_entry()) as client:
        assert client.boot() == "success"
        functions = client.functions()
    assert len(functions) <= 15
    for name, function in functions.items():
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", name)
        assert len(function["description"]) < 1000  # its small ranking model reads no further
        schema = function["parameters"]
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & set(schema)
        assert "$ref" not in str(schema)
    # Calls by prompt are dropped where an argument is not among the properties.
    assert set(functions["connectory-call_action"]["parameters"]["properties"]) == {"action", "arguments", "connection"}


def test_a_result_costs_its_text_and_little_more(install: Install) -> None:
    install = Install(install.folder, install.port, {"CONNECTORY_RESULT_TOKENS": "1000"})
    assert install.run("connect", "demo").returncode == 0
    with anythingllm(install, stdio_entry()) as client:
        assert client.boot() == "success"
        for number in range(30):
            client.say("demo_create_task", title=f"{number}: {'many words ' * 17}")
        got = client.model_gets("demo_list_tasks", limit=200)
    text = text_in(got)
    assert len(got) < 1.1 * len(text) + 80
    assert len(got) < 4 * 1000 * 1.1 + 80  # the budget of a result, and what JSON needs to carry it
    assert "read_result" in text


def test_an_error_is_a_result_with_words_and_never_the_protocols(install: Install) -> None:
    with anythingllm(install, stdio_entry()) as client:
        assert client.boot() == "success"
        for tool, arguments, told in (
            ("demo_list_tasks", {}, "not_connected"),
            ("call_action", {"action": "demo_no_such", "arguments": {}}, "unknown_action"),
            ("call_action", {"action": "demo_list_tasks", "arguments": {"state": "lost"}}, "invalid_arguments"),
            ("no_such_tool", {}, "unknown"),
            ("connect", {}, "invalid_arguments"),
        ):
            assert told in text_in(client.model_gets(tool, **arguments), is_error=True)


@pytest.mark.parametrize(("path", "kind"), [("/mcp", "http"), ("/sse", None), ("/mcp", None)])
def test_a_restart_of_the_server_is_survived_without_a_reload(tmp_path: Path, path: str, kind: str | None) -> None:
    install = Install(tmp_path)
    token = install.token()
    with install.serving() as process, anythingllm(install, url_entry(install, token, path, kind)) as client:
        assert client.boot() == "success"
        stop(process)
        with install.serving():
            until_told(client, "Nothing is connected")
            assert len(client.functions()) == FIXED


def test_a_process_that_died_is_told_at_once_and_back_after_a_reload(install: Install) -> None:
    with anythingllm(install, stdio_entry()) as client:
        assert client.boot() == "success"
        os.kill(client.pid(), signal.SIGKILL)
        until = time.monotonic() + 5
        while "Not connected" not in (said := client.model_gets("list_connections")):
            assert time.monotonic() < until, said
        assert client.reload() == "success"
        assert "Nothing is connected" in client.say("list_connections")


@pytest.mark.parametrize(("path", "kind"), [("/mcp", "http"), ("/sse", None)])
def test_a_refusal_in_between_is_readable_and_what_follows_works(tmp_path: Path, path: str, kind: str | None) -> None:
    install = Install(tmp_path)
    token = install.token()
    parked = tmp_path / "parked"
    with install.serving() as process, anythingllm(install, url_entry(install, token, path, kind)) as client:
        assert client.boot() == "success"
        stop(process)
        (tmp_path / "data").rename(parked)  # to the next server the token means nothing
        with install.serving():
            said = until_told(client, "invalid_token")
            assert "connectory token create" in said
            assert token not in said
        (tmp_path / "data").rename(tmp_path / "other")
        parked.rename(tmp_path / "data")
        with install.serving():
            said = until_told(client, "Nothing is connected", "reload this server")
            if "Nothing" not in said:  # its stream opened again while the token meant nothing, and after a 401 never
                assert client.reload() == "success"
                until_told(client, "Nothing is connected")


def until_told(client: AnythingLLM, *words: str) -> str:
    until = time.monotonic() + REOPENS_S
    while not any(one in (said := client.model_gets("list_connections")) for one in words):
        assert time.monotonic() < until, said
        time.sleep(0.2)
    return said


def test_a_server_that_is_stopped_goes_by_itself_and_leaves_nothing(install: Install) -> None:
    with anythingllm(install, stdio_entry()) as client:
        assert client.boot() == "success"
        pid = client.pid()
        began = time.monotonic()
        client.stop()
        while is_alive(pid):
            assert time.monotonic() - began < 10
            time.sleep(0.02)
        assert time.monotonic() - began < GOES_BY_ITSELF_S
        assert client.boot() == "success"  # the data folder and the page are free again
        asked = client.say("connect", connector="demo")
        assert fill_page(link_in(asked), {}).status_code == 200


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_its_environment_changes_nothing_and_is_not_repeated(install: Install) -> None:
    foreign = {
        "STORAGE_DIR": "/nowhere", "SERVER_PORT": "1", "PORT": "1", "NODE_ENV": "production", "HOST": "0.0.0.0",
        "JWT_SECRET": "its-own-s3cret", "DATABASE_URL": "postgres://its-own-s3cret@nowhere.invalid/db",
        "OPEN_AI_KEY": "its-own-s3cret", "PYTHONWARNINGS": "default", "LOG_LEVEL": "nonsense", "DEBUG": "1",
    }  # fmt: skip
    with anythingllm(install, stdio_entry(), **foreign) as client:
        a_day_at_work(client, "default")
    assert "its-own-s3cret" not in (install.folder / "anythingllm.log").read_text()


@pytest.mark.parametrize("over", ["stdio", "http", "sse"])
def test_a_write_that_takes_too_long_ends_in_time_and_its_fate_is_told(tmp_path: Path, over: str) -> None:
    provider = make_bad_provider(tmp_path / "manifests")
    install = Install(tmp_path, extra=provider.extra)
    with provider.running(), install.serving():
        provider.connect(install)
        path, kind = ("/sse", None) if over == "sse" else ("/mcp", "http")
        entry = stdio_entry() if over == "stdio" else url_entry(install, install.token(), path, kind)
        with anythingllm(install, entry) as client:
            assert client.boot() == "success"
            told = text_in(client.model_gets("shaky_save_thing", way="slow"), is_error=True)
    assert "check first whether it was done" in told
