"""Attack 108 where an agent stands: a path of `read_result` that is long, deep, or makes much of little."""

from __future__ import annotations

import pytest
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.provider import FakeProvider, answers

ROWS = [{"id": number, "title": "x" * 50, "mixed": number if number % 2 else "a"} for number in range(5_000)]
PATHS = {
    "100 KB": "a" * 100_000,
    "100 KB of steps": "|".join(["@"] * 50_000),
    "5,000 nested brackets": "[" * 5_000 + "0" + "]" * 5_000,
    "5,000 nested parentheses": "(" * 5_000 + "@" + ")" * 5_000,
    "5,000 nots": "!" * 5_000 + "@",
    "5,000 pipes of a list": "|".join(["[@]"] * 5_000),
    "projections of projections": "[*]" + ".[*]" * 300,
    "mixed types": "sort_by(@, &mixed)",
    "growing": "|".join(["[@,@]"] * 24),
    "joined": f"join('{'x' * 900}', [*].title)",
    "a regular one that ends early": "[?title=='",
    "half a character": '"\\ud83d"',
    "nothing": "",
    "NUL": "\0",
}


@BOTH_ERAS
@pytest.mark.parametrize("name", PATHS)
async def test_attack_108_a_path_is_answered_or_refused_in_words(era: Era, name: str) -> None:
    settings = make_settings(CONNECTORY_RESULT_TOKENS="200")
    async with make_application(FakeProvider(answers(200, ROWS)), settings=settings) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, _ = await call(client, "notes_list_notes", book="b", raw=True)
            handle = "rs_" + text.partition("rs_")[2][:26]
            said, failed = await call(client, "read_result", result=handle, path=PATHS[name])
            other, refused = await call(client, "list_connections")

    assert not failed or said.startswith(("invalid_arguments: ", "response_too_large: ")), said
    assert len(said) < 20_000
    assert "Traceback" not in said
    assert not refused, other
