"""59, 60. What the `request` tool of the real process is given never leads the key to another host."""

from __future__ import annotations

import pytest
from tests.attacks.outside import Outside

pytestmark = pytest.mark.slow
PATHS = (
    "http://EVIL/x", "//EVIL/x", "///EVIL/x", "\\\\EVIL", "@EVIL", ":80@EVIL/x", ".EVIL", ":EVILPORT/x", "/\\EVIL/x",
    "/x?next=http://EVIL", "/x#y", "/../internal", "/things/../../internal", "/%2e%2e/internal", "/..%2finternal",
    "/%252e%252e/internal", "/x\r\nHost: EVIL", "/x%0d%0aX-Evil:1", "",
)  # fmt: skip


def filled(outside: Outside, text: str) -> str:
    port = str(outside.evil.port)
    return text.replace("EVILPORT", port).replace("EVIL", f"127.0.0.1:{port}")


@pytest.mark.parametrize("path", PATHS)
def test_attack_59_no_path_leads_away_from_the_base(outside: Outside, path: str) -> None:
    heard = len(outside.echo.heard)
    said = outside.call("request", connection="echo/default", method="GET", path=filled(outside, path))
    assert said.failed
    assert said.text.startswith("invalid_path: "), said.text
    assert len(outside.echo.heard) == heard
    assert outside.evil.heard == []
