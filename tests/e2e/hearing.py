"""A client that remembers every word it was answered, for tests of what must not be heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from tests.e2e.programs import Kinto, connect_kinto, link_in, refused, say


@dataclass
class Hearing:
    """`heard` holds answers, tool lists and pages."""

    client: Client
    heard: list[str] = field(default_factory=list)

    async def say(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must succeed."""
        return self.note(await say(self.client, tool, **arguments))

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that must fail."""
        return self.note(await refused(self.client, tool, **arguments))

    async def tools(self) -> set[str]:
        """List the tools."""
        listed = await self.client.list_tools()
        self.note(listed.model_dump_json())
        return {tool.name for tool in listed.tools}

    async def connect(self, kinto: Kinto, name: str, password: str, **arguments: str) -> str:
        """Connect Kinto through the page."""
        link = link_in(await self.say("connect", connector="kinto", **arguments))
        self.note(connect_kinto(link, kinto, name, password).text)
        connected = await self.say("connect", connector="kinto", **arguments)
        assert "Connected" in connected
        return connected

    def note(self, text: str) -> str:
        """Remember what was heard by another way."""
        self.heard.append(text)
        return text
