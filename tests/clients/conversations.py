"""AnythingLLM as far as a server meets it: what its file of servers says, its conversations, what its model gets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.clients.driving import HERE, INSTALLED, Driver, driving
from tests.e2e.programs import COMMAND, Install

NAME = "connectory"
FOLDER = INSTALLED / "anythingllm"
Entry = dict[str, Any]


@dataclass(frozen=True)
class AnythingLLM:
    """One running AnythingLLM with one server in its file."""

    driver: Driver
    entry: Entry

    def boot(self) -> str:
        """Start the server as the first conversation does; "success" or why not."""
        return str(self.driver.ask("boot", servers={NAME: self.entry})[NAME])

    def reload(self) -> str:
        """Stop the server and start it: the button on the page of agent skills."""
        return str(self.driver.ask("reload", servers={NAME: self.entry})[NAME])

    def functions(self) -> dict[str, dict[str, Any]]:
        """Begin a conversation: the functions that its model gets, by name."""
        listed = self.driver.ask("conversation", name=NAME)
        assert listed["nextCursor"] is None  # a second page is never asked for
        return {one["name"]: one for one in listed["functions"]}

    def model_gets(self, tool: str, /, **arguments: Any) -> str:
        """Let the model call a tool, and return the text that it gets."""
        return str(self.begin(tool, **arguments).result(90))

    def begin(self, tool: str, /, **arguments: Any) -> Future[str]:
        """Let the model call a tool; the text is to come."""
        return self.driver.begin("tool", name=NAME, tool=tool, args=arguments)

    def say(self, tool: str, /, **arguments: Any) -> str:
        """Call a tool that must succeed, and return the text in its result."""
        return text_in(self.model_gets(tool, **arguments))

    def pid(self) -> int:
        """The server's process, over stdio."""
        return int(self.driver.ask("pid", name=NAME))

    def stop(self) -> None:
        """Stop the server as the page of agent skills does."""
        self.driver.ask("stop", name=NAME)


def text_in(got: str, *, is_error: bool = False) -> str:
    """The text of a result as the model gets it, which holds nothing beside it."""
    result = json.loads(got)
    assert result.pop("isError", False) is is_error, got
    assert set(result) == {"content"}, got
    [block] = result["content"]
    assert set(block) == {"type", "text"}
    return str(block["text"])


def stdio_entry(**environment: str) -> Entry:
    """What `connectory install anythingllm` writes."""
    return {"command": str(COMMAND), "args": ["stdio", "--max-tools", "15"], "env": environment}


def url_entry(install: Install, token: str, path: str, kind: str | None) -> Entry:
    """A registration by address; `kind` None: without a type."""
    entry = {
        "url": f"http://127.0.0.1:{install.port}{path}",
        "headers": {"Authorization": f"Bearer {token}"},
        "anythingllm": {"autoStart": True},
    }
    return entry if kind is None else {"type": kind, **entry}


@contextmanager
def anythingllm(install: Install, entry: Entry, **more: str) -> Iterator[AnythingLLM]:
    """Run it for the length of the block; `more` is in its environment, all of which its servers inherit."""
    if not (FOLDER / ".ready").exists():
        pytest.skip("AnythingLLM's MCP client is not installed: `make test` installs it where there is npm")
    environment: Mapping[str, str] = {**install.environment, **more}
    command = ["node", str(HERE / "anythingllm/driver.mjs"), str(FOLDER)]
    with driving(command, environment, install.folder / "anythingllm.log") as driver:
        yield AnythingLLM(driver, entry)
