"""What goes wrong in a call, as an agent and a person meet it: the code, whose fault it is, and what to do now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from tests.e2e.bad_provider import CALL_TIMEOUT_S, CAP_BYTES, KEY, BadProvider, make_bad_provider
from tests.e2e.programs import ERAS, Era, Install, link_in, refused, say

AGAIN = "Try again"

# the way to fail -> the code, and words that the text must hold: what failed, and what to do
FAILURES = {
    "401": ("provider_forbidden", ["takes these credentials, but not for this request (401)", "ask the person"]),
    "403": ("provider_forbidden", ["Shaky does not allow this account", '"Admins only"', "ask the person"]),
    "404": ("provider_not_found", ["Shaky does not know this object", "(404)", "Check the identifiers"]),
    "409": ("provider_conflict", ["reports a conflict", '"It was changed meanwhile"', "Read the object again"]),
    "422": ("provider_rejected", ["refused the request as wrong (422)", '"color must be blue"', "Correct the argum"]),
    "429": ("rate_limited", ["wants fewer requests (429)", AGAIN, "in 17 s"]),
    "500": ("provider_unavailable", ["Shaky has a problem of its own (500)", '"Something went wrong"', AGAIN]),
    "503": ("provider_unavailable", ["Shaky has a problem of its own (503)", AGAIN, "in 30 s"]),
    "html": ("unexpected_response", ["text/html that is not JSON", "login page", "check the server's address"]),
    "large": ("response_too_large", [f"larger than {CAP_BYTES:,} bytes", "Ask for less"]),
    "bomb": ("response_too_large", [f"larger than {CAP_BYTES:,} bytes", "Ask for less"]),
    "circle": ("redirect_refused", ["redirects in a circle", AGAIN, "misconfigured"]),
    "elsewhere": ("redirect_refused", ["to http://elsewhere.example", "not followed", "Tell the person"]),
    "truncated": ("provider_unavailable", ["broke off in the middle of its answer", AGAIN]),
    "silent": ("provider_unavailable", ["broke off before it had answered", AGAIN]),
    "garbage": ("provider_unavailable", ["not HTTP", "check the service's address", AGAIN]),
    "slow": ("provider_timeout", [f"did not answer within {CALL_TIMEOUT_S:g} s", AGAIN, "if it was a write"]),
}

# tool, arguments -> the code, and words: what is wrong, and the right form
MISTAKES: dict[str, tuple[str, dict[str, Any], str, list[str]]] = {
    "connector": ("connect", {"connector": "shakey"}, "unknown_connector", ["'shakey'", "Did you mean 'shaky'?"]),
    "connector listed": ("list_connections", {"connector": "gihtub"}, "unknown_connector", ["'github' or 'gitlab'?"]),
    "action": ("shaky_get_thign", {}, "unknown_action", ["Did you mean 'shaky_get_thing'"]),
    "action called": ("call_action", {"action": "get_thing"}, "unknown_action", ["'shaky_get_thing'"]),
    "fixed tool": ("list_connecters", {}, "unknown_action", ["Did you mean 'list_connectors'"]),
    "nothing near": ("zzz", {}, "unknown_action", ["search_actions finds"]),
    "argument": (
        "shaky_get_thing",
        {"wya": "fine"},
        "invalid_arguments",
        ["unknown argument 'wya' (did you mean way?)", "'way' is missing", "It takes: way (string, required), color ("],
    ),
    "fixed tool's argument": ("connect", {"conector": "x"}, "invalid_arguments", ["(did you mean connector?)"]),
    "choice": ("shaky_get_thing", {"way": "fine", "color": "blue"}, "invalid_arguments", ["one of red, green"]),
    "type": ("shaky_get_thing", {"way": "fine", "size": "3"}, "invalid_arguments", ['"3"', "type integer"]),
    "number": ("shaky_get_thing", {"way": "fine", "size": 30}, "invalid_arguments", ["'size' is 30", "at most 9"]),
    "pattern": ("connect", {"connector": "shaky", "alias": "A B"}, "invalid_arguments", ['"A B"', "e.g. work"]),
    "alias": ("shaky_get_thing", {"way": "x", "connection": "defualt"}, "unknown_connection", ["'default'"]),
    "full name": ("request", {"connection": "shakey/default", "method": "GET", "path": "/me"}, "unknown_connection", [
        "Did you mean 'shaky/default'?"
    ]),
    "nothing like it": ("disconnect", {"connection": "zzz"}, "unknown_connection", ["There is only shaky/default."]),
    "result": ("read_result", {"result": "abc"}, "unknown_result", ["last an hour"]),
    "path": ("request", {"connection": "shaky/default", "method": "GET", "path": "me"}, "invalid_path", ["/items/42"]),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """One installation, connected to a provider that fails as it is asked to."""

    install: Install
    provider: BadProvider
    token: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bad-input")
    provider = make_bad_provider(folder / "manifests")
    install = Install(folder, extra=provider.extra)
    with ExitStack() as stack:
        stack.enter_context(provider.running())
        provider.connect(install)
        token = install.token()
        stack.enter_context(install.serving())
        yield World(install, provider, token)


@asynccontextmanager
async def client_of(world: World, era: Era) -> AsyncIterator[Client]:
    async with world.install.over_http(era, world.token) as client:
        yield client


def check(text: str, code: str, words: list[str]) -> None:
    """The text begins with its code and holds the words; no library's name, no trace and no credential is in it."""
    assert text.startswith(f"{code}: "), text
    for word in words:
        assert word in text
    for foreign in (KEY, "Traceback", "httpcore", "h11", "Error(", "asyncio", "Whatever"):
        assert foreign not in text


@pytest.mark.parametrize("era", ERAS)
async def test_each_failure_of_a_provider_says_what_to_do(world: World, era: Era) -> None:
    async with client_of(world, era) as client:
        texts = await asyncio.gather(*(refused(client, "shaky_get_thing", way=way) for way in FAILURES))
        for text, (code, words) in zip(texts, FAILURES.values(), strict=True):
            check(text, code, words)
        assert "fine" in await say(client, "shaky_get_thing", way="fine")


@pytest.mark.parametrize("way", ["422", "429", "html", "truncated", "slow"])
def test_the_command_line_says_the_same(world: World, way: str) -> None:
    done = world.install.run("call", "shaky_get_thing", "--arg", f"way={way}", env={"CONNECTORY_LOG_LEVEL": "info"})

    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    check(line, *FAILURES[way])


async def test_a_401_gives_the_link_that_renews_the_sign_in(tmp_path: Path) -> None:
    provider = make_bad_provider(tmp_path / "manifests")
    install = Install(tmp_path, extra=provider.extra)
    with provider.running():
        await asyncio.to_thread(provider.connect, install)
        async with install.over_stdio("auto") as client:
            provider.revoked.set()
            text = await refused(client, "shaky_get_thing", way="fine")
            check(
                text,
                "needs_reconnect",
                ["did not accept the credentials (401)", '"Bad credentials"', "'shaky/default'"],
            )
            assert "Ask the person to open" in text
            assert link_in(text)
            again = await refused(client, "shaky_get_thing", way="fine")
            assert link_in(again) == link_in(text)
        provider.revoked.clear()
        await asyncio.to_thread(provider.connect, install)
        called = await asyncio.to_thread(install.run, "call", "shaky_get_thing", "-a", "way=fine")
        assert called.returncode == 0, called.stderr

    down = await asyncio.to_thread(install.run, "call", "shaky_get_thing", "-a", "way=fine")
    check(down.stderr.splitlines()[-1], "provider_unavailable", ["refused the connection", AGAIN, "tell the person"])


@pytest.mark.parametrize("era", ERAS)
async def test_each_mistake_is_answered_with_the_right_form(world: World, era: Era) -> None:
    async with client_of(world, era) as client:
        for tool, arguments, code, words in MISTAKES.values():
            check(await refused(client, tool, **arguments), code, words)


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_not_connected_comes_with_the_link(world: World, era: Era) -> None:
    async with client_of(world, era) as client:
        text = await refused(client, "demo_list_tasks")

    check(text, "not_connected", ["Demo is not connected.", "Ask the person to open", "Then repeat this call."])
    assert link_in(text).startswith(world.install.url)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["connect", "gihtub"], "unknown_connector: There is no connector 'gihtub'. Did you mean 'github' or"),
        (["connectors", "show", "zzz"], "There is no connector 'zzz'. `connectory connectors` shows what there is."),
        (["call", "shaky_get_thign"], "Did you mean 'shaky_get_thing'"),
        (["call", "zzz"], "`connectory search` finds actions"),
        (["call", "shaky_get_thing", "-a", "wya=x"], "unknown argument 'wya' (did you mean way?)"),
        (["call", "shaky_get_thing", "-a", "way=x", "-a", "size=big"], "must be of type integer"),
        (["call", "shaky_get_thing", "-a", "way=x", "-c", "work"], "There is only default."),
        (["disconnect", "shaky/wrk", "--yes"], "There is only shaky/default."),
        (["call", "demo_list_tasks"], "not_connected: Demo is not connected. Ask the person to open http://localhost:"),
        (["workspace", "members", "nope"], "There is no workspace 'nope'. There is only default."),
        (["token", "revoke", "zzz"], "There is no token 'zzz'. There is only cny_"),
        (["manifest", "check", "/nowhere"], "/nowhere: The file cannot be read: No such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_the_command_line_names_the_nearest_and_the_command_that_helps(
    world: World, words: list[str], told: str
) -> None:
    done = world.install.run(*words, env={"CONNECTORY_LOG_LEVEL": "info"})

    assert done.returncode == 1
    assert told in done.stdout + done.stderr
    for tool in ("list_connectors", "list_connections", "search_actions", "Traceback"):
        assert tool not in done.stderr


def test_where_no_page_is_served_the_terminal_s_own_way_is_named(tmp_path: Path) -> None:
    done = Install(tmp_path).run("call", "demo_list_tasks")

    assert done.returncode == 1
    assert "not_connected: Demo is not connected." in done.stderr
    assert "`connectory connect demo` signs in here" in done.stderr
    assert "http://" not in done.stderr.splitlines()[-1]


def test_a_policy_that_matches_no_action_says_so(tmp_path: Path) -> None:
    install = Install(tmp_path)

    misspelt = install.run("policy", "set", "--deny", "gihtub_*")
    assert "No action is called gihtub_* at present" in misspelt.stderr
    assert "No action" not in install.run("policy", "set", "--deny", "github_*", "--read-only").stderr
