"""19. Token answer abused: what is no usable answer is an error, and nothing of it is followed, shown or kept."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import Response
from tests.attacks.lying_server import Answer, Heard, LyingServer, says
from tests.attacks.signing_in import scene

GOOD: dict[str, Any] = {"access_token": "at-good-0000001", "token_type": "Bearer", "expires_in": 3600}
MARK = "mark-of-the-body-x9"  # stands in every bad answer, and may stand nowhere else


def _to_evil(status: int) -> Answer:
    body = {**GOOD, "note": MARK}
    return says(body, status, Location="https://evil.example/token")


def _endless(_: Heard) -> Response:
    return Response(b'{"access_token": "' + MARK.encode() + b"x" * 5_000_000 + b'"}', media_type="application/json")


BAD: dict[str, Answer] = {
    "mac": says({**GOOD, "token_type": "mac", "mac_key": MARK}),
    "MAC": says({**GOOD, "token_type": "MAC", "mac_key": MARK}),
    "dpop": says({**GOOD, "token_type": "DPoP", "x": MARK}),
    "no access token": says({"token_type": "Bearer", "x": MARK}),
    "an empty one": says({**GOOD, "access_token": "", "x": MARK}),
    "a number": says({**GOOD, "access_token": 7, "x": MARK}),
    "null": says({**GOOD, "access_token": None, "x": MARK}),
    "one with a line break": says({**GOOD, "access_token": f"a\r\nX: {MARK}"}),
    "one with a space": says({**GOOD, "access_token": f"a {MARK}"}),
    "an endless one": says({**GOOD, "access_token": "a" * 70_000, "x": MARK}),
    "200 with an error": says({**GOOD, "error": "server_error", "x": MARK}),
    "200 with an error that is an object": says({**GOOD, "error": {"code": "no", "x": MARK}}),
    "400 with a token": says({**GOOD, "x": MARK}, 400),
    "401 with nothing": lambda _: Response(status_code=401),
    "500 with a token": says({**GOOD, "x": MARK}, 500),
    "301 to evil": _to_evil(301),
    "302 to evil": _to_evil(302),
    "303 to evil": _to_evil(303),
    "307 to evil": _to_evil(307),
    "308 to evil": _to_evil(308),
    "HTML": says(f"<h1>{MARK}</h1><form action=https://evil.example>"),
    "HTML that is called JSON": lambda _: Response(f"<b>{MARK}</b>", media_type="application/json"),
    "a list": says([GOOD, MARK]),
    "a text": lambda _: Response(f'"{MARK}"', media_type="application/json"),
    "nothing": lambda _: Response(b"", media_type="application/json"),
    "deep": lambda _: Response(b"[" * 100_000, media_type="application/json"),
    "5 MB": _endless,
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
async def test_attack_19_a_bad_answer_is_a_clear_error_and_nothing_is_kept(answer: Answer) -> None:
    server = LyingServer(answers={"/token": answer})
    async with scene(server=server) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        async with s.refused(MARK, GOOD["access_token"], may_ask=1, spends=True):
            page = await s.problem(browser, await s.follow(browser, back))
        assert MARK not in page.html
        assert GOOD["access_token"] not in page.html
        assert page.text.count("Pea") > 1
        told = await s.face.call(s.token, "connect", connector="p")  # the agent learns of it too
        assert MARK not in told.text
        assert await s.connections() == []
        assert [one.path for one in server.heard][-1] == "/token"  # with no token nobody is asked who it is
        assert s.evil.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_attack_19_a_redirect_is_not_followed_even_to_where_it_came_from(status: int) -> None:
    moved = says({}, status, Location="https://p.example/moved")
    server = LyingServer(answers={"/token": moved, "/moved": says(GOOD)})
    async with scene(server=server) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        async with s.refused(GOOD["access_token"], may_ask=1, spends=True):
            await s.problem(browser, await s.follow(browser, back))
        assert server.asked("/moved") == []
        assert await s.connections() == []


GRANTED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "narrower": ("read", ("read",)),
    "wider": ("read write admin", ("read", "write", "admin")),
    "a list": (["read"], ("read",)),
    "unsaid": (None, ("read", "write")),
}


@pytest.mark.parametrize(("granted", "stored"), GRANTED.values(), ids=GRANTED)
async def test_attack_19_what_was_granted_is_stored_as_it_was_granted(granted: Any, stored: tuple[str, ...]) -> None:
    async with scene() as s, s.browser() as browser:
        s.server.token["scope"] = granted
        await s.connected(browser)
        [(_, grant)] = await s.connections()
        assert grant.scopes == stored


async def test_attack_19_what_was_not_granted_is_missed_before_anything_is_sent() -> None:
    async with scene() as s, s.browser() as browser:
        s.server.token["scope"] = "read"
        await s.connected(browser)
        said = await s.face.call(s.token, "p_make_thing")
        assert said.failed
        assert "write" in said.text
        assert [one for one in s.server.asked("/things") if one.method == "POST"] == []
